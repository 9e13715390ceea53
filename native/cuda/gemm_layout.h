// How tiles of the operands of a product lie in shared memory, and who reads what.
//
// One stage holds 16 steps of k of 32, 64 or 128 rows of A (columns of B). A thread of a warp, g = lane / 4
// and t = lane % 4, feeds the tensor cores with rows 4g..4g+3 of a block of 32 and with k = 4t..4t+3: any
// assignment of rows and of steps of k to the places of an mma gives the same product as long as A, B and the
// result agree, and this one lets every read be a float4, whichever way the tile lies:
//   by depth  [row][16], as a row-major A or a transposed B comes: one float4 per row, along k;
//   by outer  [16][rows], as a transposed A or a row-major B comes: one float4 per step of k, along the rows.
// 16-byte reads go by quarters of a warp, here g in {2q, 2q+1} and t in 0..3, which must meet 32 different
// banks:
//   by depth  rows 4g+i start at 16·(4g+i), the same half of the banks for both g: bit 2 of the row flips the
//             half;
//   by outer  k = 4t+e starts at a multiple of 32 for all t: bits 2, 3 of k flip the pair of chunks that g
//             names.
// Copies of neighbouring lanes fill 128 bytes in both layouts, also free of conflicts. No padding anywhere.
#pragma once

#include "landbridge/cuda/platform.h"

namespace landbridge::cuda {
namespace {

constexpr int kProductThreads = 128;  // four warps
constexpr int kStep = 16;             // of k, per stage
constexpr int kStages = 4;            // three under way while one is multiplied
constexpr int kPatch = 32;            // rows and columns that one fragment of a warp spans

__host__ __device__ constexpr int at_depth(int row, int k) {
  return (row * kStep + k) ^ ((row & 4) << 2);
}
template <int Extent>
__host__ __device__ constexpr int at_outer(int k, int outer) {
  return k * Extent + (outer ^ ((k & 12) << 1));
}

// What one thread holds of 32 rows and 16 steps of k: value[i][e] is of row 4g+i, k = 4t+e.
struct Fragment {
  float value[4][4];
};

template <bool ByDepth, int Extent>
__device__ __forceinline__ Fragment read_fragment(SharedPointer<float> tile, int first) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, g = lane / 4, t = lane % 4;
  Fragment f;
#pragma unroll
  for (int line = 0; line < 4; ++line) {
    const float4 v = load4(tile, ByDepth ? at_depth(first + 4 * g + line, 4 * t)
                                         : at_outer<Extent>(4 * t + line, first + 4 * g));
    const float lanes[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) (ByDepth ? f.value[line][i] : f.value[i][line]) = lanes[i];
  }
  return f;
}

// Starts the copies of one operand's tile: `source` says where (outer, k) lies. What a thread copies shares
// one k (by depth) or one outer index, whose part of the address is worked out once.
template <int Extent, class Source>
__device__ __forceinline__ void copy_by_depth(const Source& source, SharedPointer<float> tile, int k0) {
  const int thread = static_cast<int>(threadIdx.x);
  if (source.vector) {
    const int k = thread % 4 * 4;
    const auto deep = source.deep(k0 + k, k);
#pragma unroll
    for (int i = 0; i < Extent / 32; ++i) {
      const int row = thread / 4 + 32 * i;
      const auto place = source.place(source.outer(row), deep);
      copy_async16(tile + at_depth(row, k), source.data + place.offset, place.valid);
    }
  } else {
    const int k = thread % kStep;
    const auto deep = source.deep(k0 + k, k);
    for (int row = thread / kStep; row < Extent; row += kProductThreads / kStep) {
      const auto place = source.place(source.outer(row), deep);
      copy_async4(tile + at_depth(row, k), source.data + place.offset, place.valid);
    }
  }
}

template <int Extent, class Source>
__device__ __forceinline__ void copy_by_outer(const Source& source, SharedPointer<float> tile, int k0) {
  const int thread = static_cast<int>(threadIdx.x);
  if (source.vector) {
    constexpr int across = Extent / 4, down = kProductThreads / across;
    const int outer = thread % across * 4;
    const auto part = source.outer(outer);
#pragma unroll
    for (int i = 0; i < kStep / down; ++i) {
      const int k = thread / across + down * i;
      const auto place = source.place(part, source.deep(k0 + k, k));
      copy_async16(tile + at_outer<Extent>(k, outer), source.data + place.offset, place.valid);
    }
  } else {
    constexpr int down = kProductThreads / Extent;
    const int outer = thread % Extent;
    const auto part = source.outer(outer);
    for (int k = thread / Extent; k < kStep; k += down) {
      const auto place = source.place(part, source.deep(k0 + k, k));
      copy_async4(tile + at_outer<Extent>(k, outer), source.data + place.offset, place.valid);
    }
  }
}

template <int Extent, class Source>
__device__ __forceinline__ void copy_tile(const Source& source, SharedPointer<float> tile, int k0) {
  if constexpr (Source::kByDepth) {
    copy_by_depth<Extent>(source, tile, k0);
  } else {
    copy_by_outer<Extent>(source, tile, k0);
  }
}

}  // namespace
}  // namespace landbridge::cuda
