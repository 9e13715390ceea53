// All pairs of rows with gradients, for rows of up to 256 columns: a block owns a tile of rows and goes over
// the tiles of columns. Each tile is read once and used twice: products with the own rows become weights in
// shared memory, and weights times the tile are added to the own rows' gradient, in registers. What belongs
// to a pair of tiles is never written anywhere.
//
// Each unordered pair is visited from both sides, so 4·N²·d operations instead of the least, 3·N²·d; in
// exchange nobody adds to anybody else's gradient. Where the own tiles are too few for the GPU, the columns
// are split; parts of gradients are added in order afterwards.
#pragma once

#include "mmd_fetch.h"

namespace landbridge::cuda {
namespace {

template <int Width>
struct PairShape {
  static constexpr int kChunks = Width / kColumns, kPitch = Width + 4;
  static constexpr int kTileFloats = kTile * kPitch, kPairsAt = 2 * kTileFloats;
  static constexpr size_t kBytes = sizeof(float) * (kPairsAt + kTile * kWeightPitch);
  // The gradient's columns of a warp: four warps side by side, at most 32 columns at a time.
  static constexpr int kOwn = Width / 4, kN = kOwn < kSquare ? kOwn / 8 : 4, kGroups = kOwn / (kN * 8);
};

template <int Width>
__device__ __forceinline__ void fetch_tile(const Placed& p, int64_t tile, SharedPointer<float> to) {
  using Shape = PairShape<Width>;
#pragma unroll
  for (int chunk = 0; chunk < Shape::kChunks; ++chunk) {
    fetch<Shape::kPitch>(p, tile, chunk * kColumns, to + chunk * kColumns);
  }
}

// products += rows · columnsᵀ, each chunk as soon as it has arrived.
template <bool Exact, int Width, int Chunk = 0>
__device__ __forceinline__ void multiply_tiles(const Square& square, SharedPointer<float> rows,
                                               SharedPointer<float> columns, float (&products)[2][4][4]) {
  using Shape = PairShape<Width>;
  copy_async_wait<Shape::kChunks - 1 - Chunk>();
  sync_block();
  constexpr int kAt = Chunk * kColumns;
  multiply_square<Exact, Shape::kPitch>(square, rows + kAt, columns + kAt, products);
  if constexpr (Chunk + 1 < Shape::kChunks) {
    multiply_tiles<Exact, Width, Chunk + 1>(square, rows, columns, products);
  }
}

template <int Width>
struct Gradient {
  using Shape = PairShape<Width>;
  float sums[Shape::kGroups][2][Shape::kN][4] = {};
  Lane lane;
  int row, column;

  __device__ Gradient() {
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    row = warp % 2 * kSquare;
    column = warp / 2 * Shape::kOwn;
  }

  // sums += weights · columns
  template <bool Exact>
  __device__ __forceinline__ void add(SharedPointer<float> weights, SharedPointer<float> columns) {
    const Left<kWeightPitch, true> left{weights + ((row + lane.group) * kWeightPitch + lane.member)};
#pragma unroll
    for (int g = 0; g < Shape::kGroups; ++g) {
      const int at = column + g * Shape::kN * 8 + lane.group;
      const Right<1, Shape::kPitch, 1> right{columns + (lane.member * 2 * Shape::kPitch + at)};
      multiply<Exact, kTile / kStep>(left, right, sums[g]);
    }
  }

  // To rows from `at` on, Width apart.
  __device__ void store(Global<float> to, int64_t at) const {
#pragma unroll
    for (int i = 0; i < Shape::kGroups * 2 * Shape::kN * 4; ++i) {
      const int e = i % 4, n = i / 4 % Shape::kN, m = i / 4 / Shape::kN % 2, g = i / 8 / Shape::kN;
      const int r = row + m * 16 + e / 2 * 8 + lane.group;
      to[(at + r) * Width + column + (g * Shape::kN + n) * 8 + lane.member * 2 + e % 2] = sums[g][m][n][e];
    }
  }
};

// gradients: [splits, owners · kTile, Width].
template <class Sum, bool Exact, int Width>
__global__ void __launch_bounds__(kPairThreads, 1)
    pairs_kernel(const __grid_constant__ Sum sum, Placed p, Sides sides, Span span, Results results,
                 Global<float> gradients) {
  using Shape = PairShape<Width>;
  const SharedPointer<float> rows = dynamic_shared<float>(), columns = rows + Shape::kTileFloats;
  const SharedPointer<float> pairs = rows + Shape::kPairsAt;
  const int64_t owner = span.first + blockIdx.x, begin = span.begin + blockIdx.y * span.share;
  const int64_t end = begin + span.share < span.end ? begin + span.share : span.end;
  const Square square;
  Totals totals;
  Gradient<Width> gradient;
  const float row_norms[2] = {p.norms[owner * kTile + square.own_row(0)],
                              p.norms[owner * kTile + square.own_row(1)]};
  fetch_tile<Width>(p, owner, rows);
  for (int64_t tile = begin; tile < end; ++tile) {
    fetch_tile<Width>(p, tile, columns);
    const Norms norms(p, tile, square);
    float products[2][4][4] = {}, own[4][4];
    multiply_tiles<Exact, Width>(square, rows, columns, products);
    exchange(square, products, pairs, own);
    weigh<Exact>(sum, sides, {owner, tile, p.sides(owner, tile)}, 1, square, row_norms, norms, own, totals);
#pragma unroll
    for (int i = 0; i < 16; ++i)
      pairs[square.place(square.own_row(i % 4 / 2), i / 4, i % 2)] = own[i / 4][i % 4];
    sync_block();
    gradient.template add<Exact>(pairs, columns);
    sync_block();
  }
  store_totals(square, totals, results);
  gradient.store(gradients, (blockIdx.y * span.owners + blockIdx.x) * kTile);
}

}  // namespace
}  // namespace landbridge::cuda
