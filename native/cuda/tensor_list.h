// Many tensors in one launch, because most parameters of a model are small: what a kernel needs to know of
// each goes by value, in batches that fit the 4 KiB of a launch's parameters.
#pragma once

#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
namespace {

constexpr int64_t kListChunk = 4096;  // elements of a block, all of one tensor
constexpr int kLanes = 4;             // elements of one access

// Entry: the pointers of a tensor, and its count.
template <class Entry, int N>
struct Batch {
  int tensors;
  uint32_t first[N + 1];  // each tensor's first block
  Entry of[N];

  // The tensor that a block works on.
  __device__ int find(uint32_t block) const {
    int low = 0, high = tensors;  // first[low] <= block < first[high]
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      if (first[middle] <= block) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

// Calls run(batch, blocks) for batches of up to N of `tensors` tensors; make(i) gives the entry of tensor i.
template <class Entry, int N, class Make, class Run>
void for_batches(int64_t tensors, const Make& make, const Run& run) {
#ifndef LANDBRIDGE_CUDA_EMULATED  // whose pointers carry bounds
  static_assert(sizeof(Batch<Entry, N>) + 256 <= 4096, "a launch has 4 KiB of parameters");
#endif
  Batch<Entry, N> batch;
  batch.tensors = 0;
  batch.first[0] = 0;
  for (int64_t i = 0; i < tensors; ++i) {
    const Entry entry = make(static_cast<int>(i));
    const int64_t blocks = (entry.count + kListChunk - 1) / kListChunk;
    if (blocks > 0) {
      batch.of[batch.tensors++] = entry;
      batch.first[batch.tensors] = batch.first[batch.tensors - 1] + static_cast<uint32_t>(blocks);
    }
    if (batch.tensors < N && i + 1 < tensors) continue;
    run(batch, batch.first[batch.tensors]);
    batch.tensors = 0;
  }
}

// Up to four neighbours; zeros in the lanes past the end.
struct Four {
  float of[kLanes];
};
__device__ __forceinline__ Four load_four(Global<const float> from, int64_t at, int64_t lanes) {
  Four four{};
  if (lanes >= kLanes) {
    const float4 all = load4(from, at);
    return {{all.x, all.y, all.z, all.w}};
  }
#pragma unroll
  for (int k = 0; k < kLanes; ++k) {
    if (k < lanes) four.of[k] = from[at + k];
  }
  return four;
}
__device__ __forceinline__ void store_four(Global<float> to, int64_t at, const Four& four, int64_t lanes) {
  if (lanes >= kLanes) return store4(to, at, float4{four.of[0], four.of[1], four.of[2], four.of[3]});
#pragma unroll
  for (int k = 0; k < kLanes; ++k) {
    if (k < lanes) to[at + k] = four.of[k];
  }
}

// Calls f(at, lanes) for this thread's share of chunk `chunk` of a tensor of `count` elements; lanes >= 4 but
// at the end.
template <class F>
__device__ __forceinline__ void for_fours(int64_t chunk, int64_t count, F f) {
  const int64_t begin = chunk * kListChunk, end = begin + kListChunk < count ? begin + kListChunk : count;
  for (int64_t at = begin + threadIdx.x * kLanes; at < end; at += kThreads * kLanes) f(at, end - at);
}

}  // namespace
}  // namespace landbridge::cuda
