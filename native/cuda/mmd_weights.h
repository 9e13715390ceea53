// From a tile of products of rows to its part of the value and to weights, w_ij, whose sums Σ_j w_ij z_j are
// the gradient up to what its owner does at the end.
//
// A tile's products are made by eight warps: four squares of 32 by 32, each by two warps that have half of
// the columns of z each. The two of a square then exchange sums, and each finishes 16 rows.
#pragma once

#include "mmd_product.h"

namespace landbridge::cuda {
namespace {

constexpr unsigned kPairThreads = 256;
constexpr int kSquare = 32, kWeightPitch = kTile + 4;

// Whose pairs: tiles [first, first + owners) by blockIdx.x with [begin, end), the latter in shares by
// blockIdx.y.
struct Span {
  int64_t first, owners, begin, end, share;

  int64_t splits() const { return (end - begin + share - 1) / share; }
  int64_t blocks() const { return owners * splits(); }
  Grid grid(size_t shared) const {
    return {dim3(static_cast<unsigned>(owners), static_cast<unsigned>(splits())), dim3(kPairThreads), shared};
  }
};

// Enough blocks to fill any GPU several times over, so that the last round is not half empty.
constexpr int64_t kPairBlocks = 512;

inline Span span_of(int64_t first, int64_t owners, int64_t begin, int64_t end) {
  const int64_t wanted = owners > 0 ? (kPairBlocks + owners - 1) / owners : 1, most = end - begin;
  const int64_t splits = wanted < most ? wanted : most;
  return {first, owners, begin, end, splits > 0 ? (most + splits - 1) / splits : 1};
}

// What a term is worth by where its rows come from (see Placed::sides), in the weights and in the value.
struct Worth {
  float weight;
  double value;
};
struct Sides {
  Worth of_x, across, of_y;

  __device__ Worth of(int sides) const { return sides == 0 ? of_x : sides == 1 ? across : of_y; }
};

// A warp's square of a tile of products, and its half of the columns of z.
struct Square {
  Lane lane;
  int half, row, column;

  __device__ Square() {
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    half = warp / 4;
    row = warp % 4 / 2 * kSquare;
    column = warp % 2 * kSquare;
  }
  // Of the two rows that this thread finishes, `high` being 0 or 1, and of its eight columns.
  __device__ int own_row(int high) const { return row + half * 16 + lane.group + high * 8; }
  __device__ int own_column(int n, int i) const { return column + n * 8 + lane.member * 2 + i; }
  // Where such an element stands among the weights: of eight columns first those of even number, so that a
  // lane finds its columns where add_gradient looks for them.
  __device__ int place(int row_, int n, int i) const {
    return row_ * kWeightPitch + column + n * 8 + i * 4 + lane.member;
  }
};

// A thread's own sums over all tiles of the columns.
struct Totals {
  double value = 0, rows[2] = {0, 0};
};

// products: of this thread's half of the columns of z. Leaves the other half's contribution to `own`, the 16
// rows that this warp finishes.
__device__ __forceinline__ void exchange(const Square& square, const float (&products)[2][4][4],
                                         SharedPointer<float> pairs, float (&own)[4][4]) {
  const int other = square.row + (1 - square.half) * 16 + square.lane.group;
#pragma unroll
  for (int n = 0; n < 4; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      pairs[square.place(other + i / 2 * 8, n, i % 2)] =
          square.half == 0 ? products[1][n][i] : products[0][n][i];
      own[n][i] = square.half == 0 ? products[0][n][i] : products[1][n][i];
    }
  }
  sync_block();
#pragma unroll
  for (int n = 0; n < 4; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float rest = pairs[square.place(square.own_row(i / 2), n, i % 2)];
      own[n][i] += rest;
    }
  }
}

// The norms that a thread's elements need; read ahead of the products.
struct Norms {
  float columns[4][2];

  __device__ Norms(const Placed& p, int64_t tile, const Square& square) {
#pragma unroll
    for (int n = 0; n < 4; ++n) {
#pragma unroll
      for (int i = 0; i < 2; ++i) columns[n][i] = p.norms[tile * kTile + square.own_column(n, i)];
    }
  }
};

// A pair of tiles: of rows and of columns of the matrix of pairs.
struct Pair {
  int64_t rows, columns;
  int sides;
};

// Replaces the products of this thread by weights, and adds them and the kernels to its totals. Sum has
//   Value: what the terms of a tile are added in
//   float operator()(float product, float norms, bool same, float weight, Value& value) const
template <bool Exact, class Sum>
__device__ __forceinline__ void weigh(const Sum& sum, const Sides& sides, const Pair& pair, double times,
                                      const Square& square, const float (&row_norms)[2], const Norms& norms,
                                      float (&own)[4][4], Totals& totals) {
  const Worth worth = sides.of(pair.sides);
  typename Sum::Value value = 0;
  float rows[2] = {0, 0};
#pragma unroll
  for (int n = 0; n < 4; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = square.own_row(i / 2), column = square.own_column(n, i % 2);
      const bool same = pair.rows == pair.columns && row == column;
      float w = sum(own[n][i], row_norms[i / 2] + norms.columns[n][i % 2], same, worth.weight, value);
      if constexpr (!Exact) w = __uint_as_float(to_tf32(w));
      own[n][i] = w;
      rows[i / 2] += w;
    }
  }
  totals.value += times * worth.value * static_cast<double>(value);
  totals.rows[0] += rows[0];
  totals.rows[1] += rows[1];
}

// Where the totals of a block go: one value, and the sums of the rows' weights.
struct Results {
  Global<double> values, rows;  // [blocks]; [splits, stride], or null
  int64_t stride;
};

// All threads' totals together, for the owner blockIdx.x and the split blockIdx.y.
__device__ inline void store_totals(const Square& square, const Totals& totals, const Results& to) {
  __shared__ Shared<double, 2 * kTile> of_rows;
#pragma unroll
  for (int high = 0; high < 2; ++high) {
    double sum = totals.rows[high];
    sum += shuffle_xor(sum, 1);
    sum += shuffle_xor(sum, 2);
    if (square.lane.member == 0) of_rows[square.column / kSquare * kTile + square.own_row(high)] = sum;
  }
  const double value = reduce_block(totals.value, 0.0, Plus());  // a barrier, too
  const int thread = static_cast<int>(threadIdx.x);
  if (thread == 0) to.values[blockIdx.y * gridDim.x + blockIdx.x] = value;
  if (to.rows && thread < kTile) {
    const double left = of_rows[thread], right = of_rows[kTile + thread];
    to.rows[blockIdx.y * to.stride + blockIdx.x * kTile + thread] = left + right;
  }
}

}  // namespace
}  // namespace landbridge::cuda
