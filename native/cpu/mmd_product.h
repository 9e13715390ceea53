// Matrix products for the maximum mean discrepancy. Their left factors are read where they lie: distances of
// rows and of steps are constants or in a register, so no tile of pairs is packed between one product and the
// next.
#pragma once
#include "gemm_kernel.h"

namespace lb::simd {
namespace {

// c[rows, width] += the sums, for rows `ld` apart.
template <int V>
LB_INLINE void add_sums(const vf (&acc)[kMr][V], float* c, int64_t ld, int64_t rows, int64_t width) {
  if (rows >= kMr && width >= V * kLanes) {
#pragma GCC unroll 12
    for (int r = 0; r < kMr; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) store(c + r * ld + v * kLanes, load(c + r * ld + v * kLanes) + acc[r][v]);
    }
    return;
  }
  vf sums[kMr][V];
  memcpy(sums, acc, sizeof sums);
  for (int64_t r = 0; r < rows && r < kMr; ++r) {
    for (int v = 0; v < V && v * kLanes < width; ++v) {
      const int64_t rest = width - v * kLanes, lanes = rest < kLanes ? rest : kLanes;
      float* to = c + r * ld + v * kLanes;
      store(to, load(to, lanes) + sums[r][v], lanes);
    }
  }
}

// What the sums will be added to comes from L2 or beyond: fetched while the product runs.
LB_INLINE void prefetch_rows(const float* c, int64_t ld, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows && r < kMr; ++r) {
    __builtin_prefetch(c + r * ld, 1);
    __builtin_prefetch(c + r * ld + width - 1, 1);
  }
}

// c[rows, width] += A·B for the left factor at `a` and one panel of kNr columns at `b`; width ≤ kNr.
template <int Row>
inline void add_product(int64_t k, const float* a, int64_t step, const float* b, float* c, int64_t ld,
                        int64_t rows, int64_t width) {
  prefetch_rows(c, ld, rows, width);
  if (width > kLanes) {
    vf acc[kMr][2] = {};
    multiply(k, a, Row, step, b, acc);
    add_sums(acc, c, ld, rows, width);
  } else {
    vf acc[kMr][1] = {};
    multiply(k, a, Row, step, b, acc);
    add_sums(acc, c, ld, rows, width);
  }
}

}  // namespace
}  // namespace lb::simd
