// ‖C(x) − C(y)‖² from products of rows: with S the signs (+ for x, − for y) and G = Z·Zᵀ of the centred rows,
// ‖XᵀX − YᵀY‖² = Σ_ij s_i s_j G_ij², and its gradient with respect to z_i is 4·Σ_j s_i s_j G_ij z_j. No d×d
// matrix is formed, and none of n×n either: products go tile by tile, each unordered pair once.
//
// Squares are summed in double. What is lost where the covariances nearly agree is lost in the products: the
// error is of the order of 1e-7·(‖C(x)‖² + ‖C(y)‖²), whatever their difference.
#pragma once
#include "mmd_tournament.h"

namespace lb::simd {
namespace {

struct Gram : PairSum {
  // Squares of one row of products, and their signs; lanes past the end count as 0 even beside NaN.
  static double finish_row(float* row, int64_t count, float sign, bool weigh) {
    vd low{}, high{};
    for (int64_t j = 0; j < count; j += kLanes) {
      const int64_t lanes = count - j < kLanes ? count - j : kLanes;
      const vf product = load(row + j, lanes);
      const vd a = low_half(product), b = high_half(product);
      low += a * a;
      high += b * b;
      if (weigh) store(row + j, sign * product, lanes);
    }
    double sum = 0;
    for (int lane = 0; lane < kLanes / 2; ++lane) sum += low[lane] + high[lane];
    return sum;
  }

  double finish(const Rows& rows, const Rows& columns, bool weigh, Tile& tile) const {
    const float sign = rows.of_x == columns.of_x ? 1 : -1;
    double sum = 0;
    for (int64_t i = 0; i < rows.count; ++i) {
      sum += finish_row(tile.pairs + i * kTile, columns.count, sign, weigh && sign < 0);
    }
    return static_cast<double>(sign) * sum;
  }

  void finish_columns(const Rows&, const Tile&) const {}
};

}  // namespace
}  // namespace lb::simd
