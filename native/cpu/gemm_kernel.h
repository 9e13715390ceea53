// What every path of gemm.h shares: the description of a product, and how finished sums get into C.
#pragma once
#include "simd.h"

namespace lb::simd {
namespace {

// C = op(A) op(B) (+ C) (+ bias), row-major. op(A) is m x k, op(B) is k x n, C is m x n.
struct Gemm {
  int64_t m, n, k;
  const float* a;
  int64_t lda;  // distance of rows of A as stored: m x k, or k x m when trans_a
  bool trans_a;
  const float* b;
  int64_t ldb;  // distance of rows of B as stored: k x n, or n x k when trans_b
  bool trans_b;
  float* c;
  int64_t ldc;
  const float* bias;  // n values added to every row, or nullptr
  bool accumulate;    // add to what C holds; otherwise C is never read
};

// op(A)(i, p) = a[i * a_row(g) + p * a_col(g)], likewise for B.
LB_INLINE int64_t a_row(const Gemm& g) {
  return g.trans_a ? 1 : g.lda;
}
LB_INLINE int64_t a_col(const Gemm& g) {
  return g.trans_a ? g.lda : 1;
}
LB_INLINE int64_t b_row(const Gemm& g) {
  return g.trans_b ? 1 : g.ldb;
}
LB_INLINE int64_t b_col(const Gemm& g) {
  return g.trans_b ? g.ldb : 1;
}

// Activations: any functor from vf to vf.
struct Identity {
  LB_INLINE vf operator()(vf x) const { return x; }
};
struct Relu {
  LB_INLINE vf operator()(vf x) const { return max(x, vf{}); }
};

// The last steps for an element of C. A sum over k that is split into blocks goes through C in between: later
// blocks read it back (read_c), only the last one adds bias and activation.
template <class Activation>
struct Epilogue {
  float* c;
  int64_t ldc;
  const float* bias;
  bool read_c, last;
  Activation activation;

  LB_INLINE void put(int64_t i, int64_t j, vf sum) const {
    float* p = c + i * ldc + j;
    if (read_c) sum += load(p);
    if (last && bias) sum += load(bias + j);
    store(p, last ? activation(sum) : sum);
  }
  LB_INLINE void put(int64_t i, int64_t j, vf sum, int64_t lanes) const {
    float* p = c + i * ldc + j;
    if (read_c) sum += load(p, lanes);
    if (last && bias) sum += load(bias + j, lanes);
    store(p, last ? activation(sum) : sum, lanes);
  }
};

// Register tile: kMr rows by kNv vectors. It needs kMr * kNv accumulators, kNv registers for a row of B and
// one for a broadcast element of A: 12*2+2+1 of 32 (AVX-512), 6*2+2+1 of 16 (AVX2), 4*2+2+1 of 16 (SSE, which
// also spends one on the product, having no FMA). More rows than latency times throughput of FMA (8) in any
// case.
constexpr int kMr = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 4;
constexpr int kNv = 2;
constexpr int kNr = kNv * kLanes;

// acc += A panel * B panel over depth kc. Panels are packed: kMr values of A, then kNr of B for each p.
LB_INLINE void multiply_panels(int64_t kc, const float* a, const float* b, vf (&acc)[kMr][kNv]) {
  for (int64_t p = 0; p < kc; p++, a += kMr, b += kNr) {
    vf row[kNv];
#pragma GCC unroll 2
    for (int v = 0; v < kNv; v++) row[v] = load(b + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < kMr; r++) {
#pragma GCC unroll 2
      for (int v = 0; v < kNv; v++) acc[r][v] = fma(splat(a[r]), row[v], acc[r][v]);
    }
  }
}

// Whole tiles go straight from registers to C. At the right and lower edge the panels are padded with zeros,
// and the tile takes a detour through memory so that it can be cut to rows x cols. (The padding may have made
// NaN of inf * 0, but only in rows and columns that are cut off.)
template <class Activation>
inline void tile(int64_t kc, const float* a, const float* b, const Epilogue<Activation>& out, int64_t i,
                 int64_t j, int64_t rows, int64_t cols) {
  vf acc[kMr][kNv] = {};
  multiply_panels(kc, a, b, acc);
  if (rows >= kMr && cols >= kNr) {
#pragma GCC unroll 12
    for (int r = 0; r < kMr; r++) {
#pragma GCC unroll 2
      for (int v = 0; v < kNv; v++) out.put(i + r, j + v * kLanes, acc[r][v]);
    }
    return;
  }
  float local[kMr][kNr];
#pragma GCC unroll 12
  for (int r = 0; r < kMr; r++) {
#pragma GCC unroll 2
    for (int v = 0; v < kNv; v++) store(&local[r][v * kLanes], acc[r][v]);
  }
  for (int64_t r = 0; r < rows && r < kMr; r++) {
    for (int64_t v = 0; v < cols && v < kNr; v += kLanes) {
      const int64_t lanes = cols - v < kLanes ? cols - v : kLanes;
      out.put(i + r, j + v, load(&local[r][v]), lanes);
    }
  }
}

}  // namespace
}  // namespace lb::simd
