// A tile of pairs: products, then kernel weights in their place, then both sides' part of the gradient from
// the one tile. Nothing of it outlives the tile.
#pragma once
#include "mmd_kernel_sum.h"
#include "mmd_product.h"
#include "mmd_sample.h"

namespace lb::simd {
namespace {

constexpr int64_t kTile = 192;  // a multiple of every kMr and kNr; pairs take 147 KB of L2
static_assert(kTile % kMr == 0 && kTile % kNr == 0);
// Products are summed over this many panels of columns at a time, so that both factors stay in L2.
constexpr int64_t kDepthPanels = 256 / kNr;

struct Problem {
  Sample z;
  KernelSum kernel;
  bool unbiased;
  float *dx, *dy;       // Σ_j w_ij z_j, then the gradient; null where it is not wanted
  double* row_weights;  // Σ_j w_ij per row of z

  float* gradient(const Rows& rows) const {
    float* side = rows.of_x ? dx : dy;
    return side == nullptr ? nullptr : side + (rows.first - (rows.of_x ? 0 : z.n)) * z.d;
  }
  // a_i·a_j·n·m for a pair off the diagonal: a is 1/n in x and −1/m in y.
  double factor(const Rows& a, const Rows& b) const {
    if (a.of_x != b.of_x) return -1;
    const double own = static_cast<double>(a.of_x ? z.n : z.m);
    return static_cast<double>(a.of_x ? z.m : z.n) / (unbiased ? own - 1 : own);
  }
};

struct Tile {
  alignas(64) float pairs[kTile * kTile];
  float column_weights[kTile];

  // A partial group of kMr columns is read whole; what belongs to no column is not kept.
  explicit Tile(int64_t columns) {
    if (columns % kTile != 0) memset(pairs, 0, sizeof pairs);
  }
};

// pairs = products of rows and columns of z.
[[gnu::noinline]] inline void multiply_pairs(const Sample& z, const Rows& rows, const Rows& columns,
                                             float* pairs) {
  for (int64_t panel = 0; panel == 0 || panel < z.panels(); panel += kDepthPanels) {
    const int64_t rest = z.panels() - panel, last = panel + (rest < kDepthPanels ? rest : kDepthPanels);
    for (int64_t j = 0; j < columns.count; j += kNr) {
      const float* b = z.upright_panel(columns.position + j);
      for (int64_t i = 0; i < rows.count; i += kMr) {
        float* to = pairs + i * kTile + j;
        vf acc[kMr][kNv] = {};
        for (int64_t p = panel; p < last; ++p) {
          const int64_t left = z.d - p * kNr;
          multiply_rows<kNr, kNv>(left < kNr ? left : kNr, z.panel(p, rows.first + i), 1, b + p * kNr * kNr,
                                  acc);
        }
#pragma GCC unroll 12
        for (int r = 0; r < kMr; ++r) {
#pragma GCC unroll 2
          for (int v = 0; v < kNv; ++v) {
            float* at = to + r * kTile + v * kLanes;
            store(at, panel > 0 ? load(at) + acc[r][v] : acc[r][v]);
          }
        }
      }
    }
  }
}

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
  transpose_square(rows);
  for (int step = kLanes / 2; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) rows[i] += rows[i + step];
  }
  return rows[0];
}

// The whole tile, kLanes rows at a time; returns the sum of its kernels.
template <bool Weigh, class Kernel>
[[gnu::noinline]] double finish_rows(const Problem& p, const Kernel& kernel, const Rows& rows,
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

// gradient[rows] += W·z[columns] for weights whose rows are `Row` apart and whose columns are `step` apart.
template <int Row>
[[gnu::noinline]] inline void add_gradient(const Sample& z, const float* weights, int64_t step,
                                           const Rows& rows, const Rows& columns, float* gradient) {
  for (int64_t panel = 0; panel < z.panels(); ++panel) {
    const int64_t rest = z.d - panel * kNr, width = rest < kNr ? rest : kNr;
    const float* b = z.panel(panel, columns.first);
    for (int64_t i = 0; i < rows.count; i += kMr) {
      add_product<Row>(columns.count, weights + i * Row, step, b, gradient + i * z.d + panel * kNr, z.d,
                       rows.count - i, width);
    }
  }
}

// Pairs of a row with itself count as far apart: their kernels are added at the end, exactly.
inline void part_diagonal(Tile& tile, int64_t count) {
  for (int64_t i = 0; i < count; ++i) tile.pairs[i * kTile + i] = -Sample::kFar;
}

// All that a pair of tiles contributes; returns its part of the value, times n·m.
inline double add_pairs(const Problem& p, Tile& tile, const Rows& rows, const Rows& columns) {
  const bool diagonal = rows.first == columns.first;
  float *left = p.gradient(rows), *right = diagonal ? nullptr : p.gradient(columns);
  multiply_pairs(p.z, rows, columns, tile.pairs);
  if (diagonal) part_diagonal(tile, rows.count);
  const double factor = p.factor(rows, columns);
  const bool weigh = left != nullptr || right != nullptr;
  const double value = with_scales(p.kernel, factor, [&](const auto& kernel) {
    return weigh ? finish_rows<true>(p, kernel, rows, columns, tile)
                 : finish_rows<false>(p, kernel, rows, columns, tile);
  });
  if (left != nullptr) add_gradient<kTile>(p.z, tile.pairs, 1, rows, columns, left);
  if (right != nullptr) {
    for (int64_t j = 0; j < columns.count; ++j) p.row_weights[columns.first + j] += tile.column_weights[j];
    add_gradient<1>(p.z, tile.pairs, kTile, columns, rows, right);
  }
  return value * factor * (diagonal ? 1 : 2);
}

}  // namespace
}  // namespace lb::simd
