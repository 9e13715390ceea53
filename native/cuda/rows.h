// Functions of whole rows of [rows, n]: a few lanes or a warp per short row, a block per long one, with the
// row in registers, so that memory is passed over once; rows that registers cannot hold are cut into pieces,
// which two launches pass over.
//
// An Op says: Value (what it reads per element), load(row, at, i), stat(team, values, row, first, n) of some
// neighbours, merge(team, parts, pieces) of the pieces of a row, put(row, at, i, value, stat) for each
// element, and finish(row, stat) for each row. `at` counts from the first row, i from the row's begin.
#pragma once

#include "landbridge/cuda/warp.h"

namespace landbridge::cuda {
namespace {

// What a row is reduced to. Unused parts cost nothing.
struct Stat {
  float shift, sum, bent, weight;
};
constexpr int kStatSize = 4;
constexpr int kRowThreads = 512, kRowValues = 16, kPiece = kRowThreads * kRowValues;

// 2^k neighbouring lanes of a warp.
struct Lanes {
  int index, count;

  template <class T, class Combine>
  __device__ T reduce(T value, T, Combine combine) const {
    for (int mask = count / 2; mask > 0; mask /= 2) value = combine(value, shuffle_xor(value, mask));
    return value;
  }
};
struct Block {
  int index, count;

  template <class T, class Combine>
  __device__ T reduce(T value, T identity, Combine combine) const {
    return reduce_block(value, identity, combine);
  }
};

// Ignores NaN, which shows in what is summed instead.
struct LargerNumber {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Calls f(k, i) for the places i < n of the k-th values that this thread holds.
template <int V, class Team, class F>
__device__ __forceinline__ void each_slot(const Team& team, int n, F f) {
  for (int k = 0; k < V; ++k) {
    const int i = team.index + k * team.count;
    if (i < n) f(k, i);
  }
}

// Σ f(value, i) over the team's values.
template <int V, class Team, class Value, class F>
__device__ __forceinline__ float sum_values(const Team& team, const Value (&values)[V], int n, F f) {
  float sum = 0;
  each_slot<V>(team, n, [&](int k, int i) { sum += f(values[k], i); });
  return team.reduce(sum, 0.0f, Plus());
}

template <int V, class Op, class Team>
__device__ __forceinline__ void load_values(const Op& op, const Team& team, typename Op::Value (&values)[V],
                                            int64_t row, int64_t first, int64_t n, int count) {
  each_slot<V>(team, count, [&](int k, int i) { values[k] = op.load(row, row * n + first + i, first + i); });
}

template <int V, class Op, class Team>
__device__ __forceinline__ void whole_row(const Op& op, const Team& team, int64_t row, int n, bool present) {
  typename Op::Value values[V] = {};
  const int count = present ? n : 0;  // all lanes take part in reductions
  load_values<V>(op, team, values, row, 0, n, count);
  const Stat stat = op.template stat<V>(team, values, row, 0, count);
  if (!present) return;
  const auto prepared = op.prepared(row, stat);
  each_slot<V>(team, count, [&](int k, int i) { op.put(row * n + i, i, values[k], prepared); });
  if (team.index == 0) op.finish(row, stat);
}

template <class Op, int V>
__global__ void lane_rows(Op op, int64_t rows, int n, int bits) {
  const int lanes = 1 << bits;
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x >> bits) + (threadIdx.x >> bits);
  whole_row<V>(op, Lanes{static_cast<int>(threadIdx.x) & (lanes - 1), lanes}, row, n, row < rows);
}

template <class Op, int V>
__global__ void __launch_bounds__(kRowThreads) block_rows(Op op, int n) {
  whole_row<V>(op, Block{static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)}, blockIdx.x, n, true);
}

// Piece blockIdx.x % pieces of row blockIdx.x / pieces: its Stat.
template <class Op>
__global__ void __launch_bounds__(kRowThreads)
    piece_stats(Op op, int64_t n, int64_t pieces, Global<float> parts) {
  const Block team{static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)};
  const int64_t row = blockIdx.x / pieces, first = blockIdx.x % pieces * kPiece;
  const int count = static_cast<int>(n - first < kPiece ? n - first : kPiece);
  typename Op::Value values[kRowValues] = {};
  load_values<kRowValues>(op, team, values, row, first, n, count);
  const Stat stat = op.template stat<kRowValues>(team, values, row, first, count);
  if (threadIdx.x > 0) return;
  const Global<float> at = parts + static_cast<int64_t>(blockIdx.x) * kStatSize;
  at[0] = stat.shift, at[1] = stat.sum, at[2] = stat.bent, at[3] = stat.weight;
}

// The same pieces' elements, with the whole row's Stat.
template <class Op>
__global__ void __launch_bounds__(kRowThreads)
    piece_values(Op op, int64_t n, int64_t pieces, Global<const float> parts) {
  const Block team{static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)};
  const int64_t row = blockIdx.x / pieces, piece = blockIdx.x % pieces, first = piece * kPiece;
  const Stat stat = op.merge(team, parts + row * pieces * kStatSize, static_cast<int>(pieces));
  const int64_t end = n - first < kPiece ? n : first + kPiece;
  const auto prepared = op.prepared(row, stat);
  for (int64_t i = first + threadIdx.x; i < end; i += blockDim.x) {
    op.put(row * n + i, i, op.load(row, row * n + i, i), prepared);
  }
  if (piece == 0 && threadIdx.x == 0) op.finish(row, stat);
}

template <class Op>
void long_rows(Call& call, int64_t rows, int64_t n, const Op& op) {
  const int64_t pieces = (n + kPiece - 1) / kPiece;
  const auto parts = scratch<float>(call, rows * pieces * kStatSize);
  if (!parts) return;
  const Grid grid{dim3(static_cast<unsigned>(rows * pieces)), dim3(kRowThreads)};
  launch<piece_stats<Op>>(call, grid, op, n, pieces, parts);
  launch<piece_values<Op>>(call, grid, op, n, pieces, Global<const float>(parts));
}

template <int V, class Op>
void by_lanes(Call& call, int64_t rows, int n, int bits, const Op& op) {
  const int64_t per_block = kThreads >> bits;
  launch<lane_rows<Op, V>>(call, {dim3(static_cast<unsigned>((rows + per_block - 1) / per_block))}, op, rows,
                           n, bits);
}
template <int V, class Op>
void by_blocks(Call& call, int64_t rows, int n, unsigned threads, const Op& op) {
  launch<block_rows<Op, V>>(call, {dim3(static_cast<unsigned>(rows)), dim3(threads)}, op, n);
}

// Runs `op` over `rows` rows of n elements.
template <class Op>
void each_row(Call& call, int64_t rows, int64_t n, const Op& op) {
  if (n > kPiece) return long_rows(call, rows, n, op);
  const int size = static_cast<int>(n);
  int bits = 0;
  while (bits < 5 && (1 << bits) < size) ++bits;
  if (size <= 32) return by_lanes<1>(call, rows, size, bits, op);
  if (size <= 64) return by_lanes<2>(call, rows, size, bits, op);
  if (size <= 128) return by_lanes<4>(call, rows, size, bits, op);
  if (size <= 256) return by_lanes<8>(call, rows, size, bits, op);
  if (size <= 512) return by_lanes<16>(call, rows, size, bits, op);
  if (size <= 1024) return by_blocks<4>(call, rows, size, 256, op);
  if (size <= 2048) return by_blocks<8>(call, rows, size, 256, op);
  if (size <= 4096) return by_blocks<16>(call, rows, size, 256, op);
  by_blocks<kRowValues>(call, rows, size, kRowThreads, op);
}

}  // namespace
}  // namespace landbridge::cuda
