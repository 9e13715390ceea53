// A tile of pairs of rows: products, then weights in their place, then both sides' part of the gradient from
// the one tile. Nothing of it outlives the tile.
#pragma once
#include "mmd_product.h"
#include "mmd_sample.h"

namespace lb::simd {
namespace {

constexpr int64_t kTile = 192;  // a multiple of every kMr and kNr; pairs take 147 KB of L2
static_assert(kTile % kMr == 0 && kTile % kNr == 0);
// Products are summed over this many panels of columns at a time, so that both factors stay in L2.
constexpr int64_t kDepthPanels = 256 / kNr;

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
          multiply(left < kNr ? left : kNr, z.panel(p, rows.first + i), kNr, 1, b + p * kNr * kNr, acc);
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

// A sum over all pairs of rows whose gradient is Σ_j w_ij z_j up to what its owner does at the end.
struct PairSum {
  Sample z;
  float *dx, *dy;  // Σ_j w_ij z_j; null where it is not wanted

  float* gradient(const Rows& rows) const {
    float* side = rows.of_x ? dx : dy;
    return side == nullptr ? nullptr : side + (rows.first - (rows.of_x ? 0 : z.n)) * z.d;
  }
};

// All that a pair of tiles contributes; returns its part of the value. Sum is a PairSum with
//   double finish(const Rows& rows, const Rows& columns, bool weigh, Tile& tile) const
//     turns products into weights, returns the value of the tile
//   void finish_columns(const Rows& columns, const Tile& tile) const
//     for what the columns' side needs besides; called where that side has a gradient.
template <class Sum>
inline double add_pairs(const Sum& sum, Tile& tile, const Rows& rows, const Rows& columns) {
  const bool diagonal = rows.first == columns.first;
  float *left = sum.gradient(rows), *right = diagonal ? nullptr : sum.gradient(columns);
  multiply_pairs(sum.z, rows, columns, tile.pairs);
  const double value = sum.finish(rows, columns, left != nullptr || right != nullptr, tile);
  if (left != nullptr) add_gradient<kTile>(sum.z, tile.pairs, 1, rows, columns, left);
  if (right != nullptr) {
    sum.finish_columns(columns, tile);
    add_gradient<1>(sum.z, tile.pairs, kTile, columns, rows, right);
  }
  return diagonal ? value : 2 * value;
}

}  // namespace
}  // namespace lb::simd
