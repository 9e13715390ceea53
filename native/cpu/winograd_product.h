// The 36 matrix products in the middle of a Winograd convolution. Each is small, and its operands were
// written a moment ago by a transform; the transforms put them where these kernels can read them in place,
// so nothing is packed.
#pragma once
#include "gemm_kernel.h"

namespace lb::simd {
namespace {

// Rows of A lie `step` apart and steps along the depth side by side, or (kAcross) the other way round.
//
// C (+)= A B for one panel of B (at most kNr columns). A and C are in memory up to a multiple of kMr rows,
// whose surplus rows hold anything; C has kNr columns (kLanes suffice when `columns` fit in there).
struct PointProduct {
  int64_t rows, columns, depth;
  const float* a;
  int64_t step;
  const float* b;
  float* c;
  int64_t ldc;
  bool accumulate;
};

template <bool kAcross, int R, int V>
inline void point_tile(const PointProduct& p, int64_t i) {
  const float* a = p.a + i * (kAcross ? 1 : p.step);
  float* c = p.c + i * p.ldc;
  vf acc[R][V] = {};
  multiply(p.depth, a, kAcross ? 1 : p.step, kAcross ? p.step : 1, p.b, acc);
#pragma GCC unroll 12
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) {
      float* at = c + r * p.ldc + v * kLanes;
      store(at, p.accumulate ? load(at) + acc[r][v] : acc[r][v]);
    }
  }
}

// The last rows take a tile of one or two thirds the height where that suffices.
template <bool kAcross, int V>
inline void point_rows(const PointProduct& p) {
  constexpr int kThird = kMr / 3, kTwoThirds = kMr - kThird;
  int64_t i = 0;
  for (; p.rows - i > kTwoThirds; i += kMr) point_tile<kAcross, kMr, V>(p, i);
  if (p.rows - i > kThird) return point_tile<kAcross, kTwoThirds, V>(p, i);
  if (p.rows - i > 0) point_tile<kAcross, kThird, V>(p, i);
}

template <bool kAcross>
inline void point_product(const PointProduct& p) {
  if (p.columns > kLanes) return point_rows<kAcross, kNv>(p);
  point_rows<kAcross, 1>(p);
}

}  // namespace
}  // namespace lb::simd
