// Running sums over the threads of a warp and of a block, always added up in the same order.
#pragma once

#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
namespace {

// The sum of this lane's value and those of the lanes below.
template <class T>
__device__ T scan_warp(T value) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int delta = 1; delta < kWarp; delta *= 2) {
    const T below = shuffle_up(value, delta);
    if (lane >= delta) value += below;
  }
  return value;
}

// The sum of the values of all threads below this one, and in `total` that of all threads, in a
// one-dimensional block of whole warps. Not the running sum less the value: that would lose digits, and make
// NaN of infinity. May be called again at once.
template <class T>
__device__ T scan_block(T value, T& total) {
  __shared__ Shared<T, kWarp> of_warps;
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  const T through = scan_warp(value);
  T before = shuffle_up(through, 1);
  if (lane == 0) before = 0;
  if (lane == kWarp - 1) of_warps[warp] = through;
  sync_block();
  T below = 0;
  total = 0;
  for (int i = 0; i < warps; ++i) {
    if (i == warp) below = total;
    const T sum = of_warps[i];
    total += sum;
  }
  sync_block();  // of_warps may be written again
  return below + before;
}

// One thread's scan, in place: each of `count` values, `stride` apart, becomes the sum of `total` and all before.
template <class T>
__device__ void scan_alone(Global<T> values, int64_t first, int64_t stride, int64_t count, T total) {
  constexpr int kAtOnce = 8;  // loads under way: each must not wait for the store before it
  for (int64_t i = 0; i < count; i += kAtOnce) {
    T here[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) here[k] = i + k < count ? values[first + (i + k) * stride] : T{0};
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (i + k < count) values[first + (i + k) * stride] = total;
      total += here[k];
    }
  }
}

}  // namespace
}  // namespace landbridge::cuda
