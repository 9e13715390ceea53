// Products too small, or too thin, to earn back the packing: matrix-vector products above all.
#pragma once
#include "gemm_kernel.h"
#include "gemm_task.h"

namespace lb::simd {
namespace {

constexpr int64_t kThinTask = 1 << 17;  // elements of the matrix per task

// R rows by V vectors of C straight from rows of B; lanes counts the columns of a partial vector (V == 1).
template <int R, int V>
inline void small_block(const Gemm& g, const Output& out, int64_t i, int64_t j, int64_t lanes) {
  const float* a = g.a + i * a_row(g);
  const float* b = g.b + j;
  vf acc[R][V] = {};
  for (int64_t p = 0; p < g.k; p++, a += a_col(g), b += g.ldb) {
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      const vf row = lanes < kLanes ? load(b, lanes) : load(b + v * kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) acc[r][v] = fma(splat(a[r * a_row(g)]), row, acc[r][v]);
    }
  }
  for (int r = 0; r < R; r++) {
    for (int v = 0; v < V; v++) {
      if (lanes < kLanes) {
        out.put(i + r, j, acc[r][v], lanes);
      } else {
        out.put(i + r, j + v * kLanes, acc[r][v]);
      }
    }
  }
}

// All columns of R rows. A single row takes eight vectors at once, longer runs through each row of B.
template <int R>
inline void small_rows(const Gemm& g, const Output& out, int64_t i) {
  constexpr int kWide = R == 1 ? 8 : 2;
  int64_t j = 0;
  for (; j + kWide * kLanes <= g.n; j += kWide * kLanes) small_block<R, kWide>(g, out, i, j, kLanes);
  for (; j + kLanes <= g.n; j += kLanes) small_block<R, 1>(g, out, i, j, kLanes);
  if (j < g.n) small_block<R, 1>(g, out, i, j, g.n - j);
}

// Sum of a[p * sa] * b[p * sb]. Four accumulators hide the latency of the addition.
inline float dot(const float* a, int64_t sa, const float* b, int64_t sb, int64_t k) {
  vf acc[4] = {};
  int64_t p = 0;
  if (sa == 1 && sb == 1) {
    for (; p + 4 * kLanes <= k; p += 4 * kLanes) {
      for (int v = 0; v < 4; v++) {
        const int64_t q = p + v * kLanes;
        acc[v] = fma(load(a + q), load(b + q), acc[v]);
      }
    }
  }
  for (; p + kLanes <= k; p += kLanes) {
    const vf x = sa == 1 ? load(a + p) : gather(a + p * sa, sa);
    acc[0] = fma(x, sb == 1 ? load(b + p) : gather(b + p * sb, sb), acc[0]);
  }
  float sum = hsum((acc[0] + acc[1]) + (acc[2] + acc[3]));
  for (; p < k; p++) sum += a[p * sa] * b[p * sb];
  return sum;
}

// C element by element, for B with k along memory: sums run over k within the vector.
inline void small_dots(const Gemm& g, const Output& out) {
  for (int64_t i = 0; i < g.m; i++) {
    for (int64_t j = 0; j < g.n; j++) {
      const float sum = dot(g.a + i * a_row(g), a_col(g), g.b + j * b_col(g), b_row(g), g.k);
      out.put(i, j, splat(sum), 1);
    }
  }
}

// V vectors of one column of C, for A with rows along memory (trans_a): a broadcast of B meets vectors of A,
// and the lanes of the sums go to different rows. lanes counts the rows of a partial vector (V == 1).
template <int V>
inline void small_column(const Gemm& g, const Output& out, int64_t i, int64_t j, int64_t lanes) {
  const float* a = g.a + i;
  const float* b = g.b + j * b_col(g);
  vf acc[V] = {};
  for (int64_t p = 0; p < g.k; p++, a += g.lda, b += b_row(g)) {
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      acc[v] = fma(lanes < kLanes ? load(a, lanes) : load(a + v * kLanes), splat(*b), acc[v]);
    }
  }
  for (int v = 0; v < V; v++) {
    for (int64_t r = 0; r < lanes; r++) out.put(i + v * kLanes + r, j, splat(acc[v][r]), 1);
  }
}
inline void small_columns(const Gemm& g, const Output& out) {
  for (int64_t j = 0; j < g.n; j++) {
    int64_t i = 0;
    for (; i + 8 * kLanes <= g.m; i += 8 * kLanes) small_column<8>(g, out, i, j, kLanes);
    for (; i + kLanes <= g.m; i += kLanes) small_column<1>(g, out, i, j, kLanes);
    if (i < g.m) small_column<1>(g, out, i, j, g.m - i);
  }
}

inline void small_all_rows(const Gemm& g, const Output& out) {
  int64_t i = 0;
  for (; i + 4 <= g.m; i += 4) small_rows<4>(g, out, i);
  for (; i < g.m; i++) small_rows<1>(g, out, i);
}

// A small B stored transposed is turned round on the stack first: cheaper than a horizontal sum per element.
constexpr int64_t kTurned = 4096;  // floats
inline void small_turned(const Gemm& g, const Output& out) {
  float turned[kTurned];
  for (int64_t j = 0; j < g.n; j++) {
    for (int64_t p = 0; p < g.k; p++) turned[p * g.n + j] = g.b[j * g.ldb + p];
  }
  Gemm t = g;
  t.b = turned, t.ldb = g.n, t.trans_b = false;
  small_all_rows(t, out);
}

// Chooses the loop whose inner vectors lie along memory.
inline void small_gemm(const Gemm& g) {
  const Output out = output_of(g);
  if (g.trans_b && g.m > 2 && g.n > 1 && g.k * g.n <= kTurned) return small_turned(g, out);
  if (g.trans_a && (g.trans_b || g.n == 1) && g.m > 1) return small_columns(g, out);
  if (g.trans_b || g.n == 1) return small_dots(g, out);
  small_all_rows(g, out);
}

LB_INLINE bool is_thin(const Gemm& g) {
  return g.m == 1 || g.n == 1;
}

// A product with a vector reads the matrix once: tasks take runs of the result.
inline void thin_gemm(const Gemm& g, const Parallel& parallel) {
  const int64_t length = g.m == 1 ? g.n : g.m;
  const int64_t share = round_up(divide_up(kThinTask, g.k + 1), 8 * kLanes), tasks = divide_up(length, share);
  parallel(tasks, [&](int64_t task) {
    const int64_t first = task * share, count = least(share, length - first);
    Gemm part = g;
    (g.m == 1 ? part.n : part.m) = count;
    if (g.m == 1) {
      part.b += first * b_col(g), part.c += first;
      if (g.bias) part.bias += first;
    } else {
      part.a += first * a_row(g), part.c += first * g.ldc;
    }
    small_gemm(part);
  });
}

}  // namespace
}  // namespace lb::simd
