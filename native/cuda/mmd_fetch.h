// Tiles of rows on their way into shared memory, and their products.
#pragma once

#include "mmd_weights.h"

namespace landbridge::cuda {
namespace {

// kColumns columns of a tile, from `column` on, begin to arrive in shared memory, with rows
// `Pitch` apart.
template <int Pitch>
__device__ __forceinline__ void fetch(const Placed& p, int64_t tile, int64_t column,
                                      SharedPointer<float> to) {
  constexpr int kPieces = kColumns / 4;  // of a row
  const Global<const float> from = p.z + tile * kTile * p.ld + column;
#pragma unroll
  for (int i = 0; i < kTile * kPieces / static_cast<int>(kPairThreads); ++i) {
    const int piece = i * static_cast<int>(kPairThreads) + static_cast<int>(threadIdx.x);
    const int row = piece / kPieces, c = piece % kPieces * 4;
    copy_async16(to + (row * Pitch + c), from + (row * p.ld + c));
  }
  copy_async_commit();
}

// products += rows · columnsᵀ, this warp's half of kColumns columns of z.
template <bool Exact, int Pitch>
__device__ __forceinline__ void multiply_square(const Square& square, SharedPointer<float> rows,
                                                SharedPointer<float> columns, float (&products)[2][4][4]) {
  const int k = square.half * kColumns / 2 + square.lane.member;
  const Left<Pitch, false> left{rows + ((square.row + square.lane.group) * Pitch + k)};
  const Right<Pitch, 1, 4> right{columns + ((square.column + square.lane.group) * Pitch + k)};
  multiply<Exact, kColumns / 2 / kStep>(left, right, products);
}

}  // namespace
}  // namespace landbridge::cuda
