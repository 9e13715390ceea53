// The kernels of a tile of pairs of the maximum mean discrepancy.
#pragma once
#include "mmd_kernel_sum.h"
#include "mmd_tile.h"

namespace lb::simd {
namespace {

struct Mmd : PairSum {
  KernelSum kernel;
  bool unbiased;
  double* row_weights;  // Σ_j w_ij per row of z

  // a_i·a_j·n·m for a pair off the diagonal: a is 1/n in x and −1/m in y.
  double factor(const Rows& a, const Rows& b) const {
    if (a.of_x != b.of_x) return -1;
    const double own = static_cast<double>(a.of_x ? z.n : z.m);
    return static_cast<double>(a.of_x ? z.m : z.n) / (unbiased ? own - 1 : own);
  }

  double finish(const Rows& rows, const Rows& columns, bool weigh, Tile& tile) const;

  void finish_columns(const Rows& columns, const Tile& tile) const {
    for (int64_t j = 0; j < columns.count; ++j) row_weights[columns.first + j] += tile.column_weights[j];
  }
};

// One row of products becomes kernels, which are added to `sum`, and weights (Weigh), in place. Returns the
// weights' sum, lane by lane.
template <bool Weigh, class Kernel>
LB_INLINE vf finish_row(const Kernel& kernel, float exponent, float norm, const float* norms, int64_t count,
                        float* row, float* column_weights, vf& sum) {
  vf row_weight{};
  for (int64_t j = 0; j < count; j += kLanes) {
    const vf t = (2 * exponent) * load(row + j) + (norm + load(norms + j));
    vf k, w;
    kernel(at_most(t, 0.0f), k, w);
    sum += k;
    if (!Weigh) continue;
    row_weight += w;
    store(row + j, w);
    store(column_weights + j, load(column_weights + j) + w);
  }
  return row_weight;
}

// Lane i of the result is the sum of vector i.
LB_INLINE vf sum_each(vf (&rows)[kLanes]) {
  transpose(rows);
  for (int step = kLanes / 2; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) rows[i] += rows[i + step];
  }
  return rows[0];
}

// The whole tile, kLanes rows at a time; returns the sum of its kernels.
template <bool Weigh, class Kernel>
[[gnu::noinline]] double finish_rows(const Mmd& p, const Kernel& kernel, const Rows& rows,
                                     const Rows& columns, Tile& tile) {
  const float* norms = p.z.norms;
  const float exponent = static_cast<float>(p.z.exponent);
  double value = 0;
  memset(tile.column_weights, 0, sizeof tile.column_weights);
  for (int64_t i = 0; i < rows.count; i += kLanes) {
    const int64_t rest = rows.count - i, lanes = rest < kLanes ? rest : kLanes;
    vf sum{}, weights[kLanes] = {};
    for (int64_t r = 0; r < lanes; ++r) {
      weights[r] = finish_row<Weigh>(kernel, exponent, norms[rows.position + i + r], norms + columns.position,
                                     columns.count, tile.pairs + (i + r) * kTile, tile.column_weights, sum);
    }
    value += hsum(sum);
    if (!Weigh) continue;
    const vf sums = sum_each(weights);
    for (int64_t r = 0; r < lanes; ++r) p.row_weights[rows.first + i + r] += sums[r];
  }
  return value;
}

// Pairs of a row with itself count as far apart: their kernels are added at the end, exactly.
inline void part_diagonal(Tile& tile, int64_t count) {
  for (int64_t i = 0; i < count; ++i) tile.pairs[i * kTile + i] = -Sample::kFar;
}

inline double Mmd::finish(const Rows& rows, const Rows& columns, bool weigh, Tile& tile) const {
  if (rows.first == columns.first) part_diagonal(tile, rows.count);
  const double scale = factor(rows, columns);
  return scale * with_scales(kernel, scale, [&](const auto& each) {
           return weigh ? finish_rows<true>(*this, each, rows, columns, tile)
                        : finish_rows<false>(*this, each, rows, columns, tile);
         });
}

}  // namespace
}  // namespace lb::simd
