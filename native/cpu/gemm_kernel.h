// What every path of a matrix product shares: the register tile, and how finished sums get into C.
#pragma once
#include "simd.h"

namespace lb::simd {
namespace {

// Register tile: kMr rows by kNv vectors. It needs kMr * kNv accumulators, kNv registers for a row of B and
// one for a broadcast element of A: 12*2+2+1 of 32 (AVX-512), 6*2+2+1 of 16 (AVX2), 4*2+2+1 of 16 (SSE, which
// also spends one on the product, having no FMA). More rows than latency times throughput of FMA (8) in any
// case. Lower tiles, for the last rows of a matrix, come in steps of kRowStep.
constexpr int kMr = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 4;
constexpr int kRowStep = kMr == 4 ? 2 : 3;
constexpr int kNv = 2;
constexpr int kNr = kNv * kLanes;

// Steps of k that are packed at once: a panel of B (kNr * kDepth, 32 KB with AVX-512) and one of A (12 KB)
// pass through L1.
constexpr int64_t kDepth = 256;

// Panels of B hold kNr values for each step of k. Those of A come in two layouts, chosen by what is
// contiguous in the source, so that packing never transposes A:
struct ByDepth {  // kMr values for each step of k; a cache line more keeps panels out of each other's sets of
                  // L1
  static constexpr int64_t kRow = 1, kStep = kMr, kPanel = kMr * kDepth + 16;
};
struct ByRow {  // kMr rows of up to kDepth values; 17 cache lines apart, no two rows share a set of L1
  static constexpr int64_t kRow = kDepth + 16, kStep = 1, kPanel = kMr * kRow;
};

// acc += A B over `depth` steps, for the first R rows and V vectors of a tile. Rows of A lie `row` apart,
// steps `step`; B is a panel of kNr values per step. Inlined, so that distances which are constants become
// offsets.
template <int R, int V>
LB_INLINE void multiply(int64_t depth, const float* a, int64_t row, int64_t step, const float* b,
                        vf (&acc)[R][V]) {
  for (int64_t p = 0; p < depth; p++, a += step, b += kNr) {
    vf values[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) values[v] = load(b + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) acc[r][v] = fma(splat(a[r * row]), values[v], acc[r][v]);
    }
  }
}

// Where sums go: C, row-major, and what is done to them on the way. A sum over k that is split into blocks
// passes through C in between: later blocks read it back (read_c), only the last one adds bias and residual
// and applies the activation.
struct Output {
  float* c;
  int64_t ldc;
  const int64_t* offsets;  // of the rows of C, instead of multiples of ldc; or nullptr
  const float* bias;       // one per column, or nullptr
  const float* residual;   // added like C in shape and row offsets, or nullptr
  bool read_c, last, relu;

  LB_INLINE int64_t row(int64_t i) const { return offsets ? offsets[i] : i * ldc; }

  LB_INLINE vf finish(vf sum, int64_t at, int64_t j, int64_t lanes) const {
    if (read_c) sum += load(c + at, lanes);
    if (!last) return sum;
    if (bias) sum += load(bias + j, lanes);
    if (residual) sum += load(residual + at, lanes);
    return relu ? max(sum, vf{}) : sum;
  }
  LB_INLINE void put(int64_t i, int64_t j, vf sum, int64_t lanes) const {
    const int64_t at = row(i) + j;
    store(c + at, finish(sum, at, j, lanes), lanes);
  }
  LB_INLINE void put(int64_t i, int64_t j, vf sum) const {
    const int64_t at = row(i) + j;
    if (read_c) sum += load(c + at);
    if (last) {
      if (bias) sum += load(bias + j);
      if (residual) sum += load(residual + at);
      if (relu) sum = max(sum, vf{});
    }
    store(c + at, sum);
  }
};

// One tile of C at (i, j), cut to `rows` (at most R) and `cols` (more than (V - 1) * kLanes). What the panels
// hold beyond is padding: it may have made NaN of inf * 0, but only in what is cut off.
template <class Layout, int R, int V>
inline void tile(int64_t kc, const float* a, const float* b, const Output& out, int64_t i, int64_t j,
                 int64_t rows, int64_t cols) {
  vf acc[R][V] = {};
  multiply(kc, a, Layout::kRow, Layout::kStep, b, acc);
  const int64_t lanes = cols - (V - 1) * kLanes;
#pragma GCC unroll 12
  for (int r = 0; r < R; r++) {
    if (r >= rows) break;
#pragma GCC unroll 2
    for (int v = 0; v < V - 1; v++) out.put(i + r, j + v * kLanes, acc[r][v]);
    if (lanes >= kLanes) {
      out.put(i + r, j + (V - 1) * kLanes, acc[r][V - 1]);
    } else {
      out.put(i + r, j + (V - 1) * kLanes, acc[r][V - 1], lanes);
    }
  }
}

// The lowest tile that holds `rows`.
template <class Layout, int V, int R = kMr>
LB_INLINE void tile_of_height(int64_t kc, const float* a, const float* b, const Output& out, int64_t i,
                              int64_t j, int64_t rows, int64_t cols) {
  if constexpr (R > kRowStep) {
    if (rows <= R - kRowStep) {
      return tile_of_height<Layout, V, R - kRowStep>(kc, a, b, out, i, j, rows, cols);
    }
  }
  tile<Layout, R, V>(kc, a, b, out, i, j, rows, cols);
}

// The smallest tile that holds rows x cols.
template <class Layout>
LB_INLINE void tile_of_size(int64_t kc, const float* a, const float* b, const Output& out, int64_t i,
                            int64_t j, int64_t rows, int64_t cols) {
  if (cols <= kLanes) return tile_of_height<Layout, 1>(kc, a, b, out, i, j, rows, cols);
  tile_of_height<Layout, kNv>(kc, a, b, out, i, j, rows, cols);
}

}  // namespace
}  // namespace lb::simd
