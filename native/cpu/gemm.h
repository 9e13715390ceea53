// Single-precision matrix product after Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (2008): packed panels, a register-blocked micro-kernel, and blocks that fit the caches.
//
// Results are the same bits at any number of threads: the work is cut by the shape alone, every tile of C
// belongs to one task, and the sum over k runs in a fixed order. (Instruction sets differ from each other in
// the last bits: lanes and fusing differ.)
#pragma once
#include "gemm_kernel.h"
#include "gemm_pack.h"
#include "gemm_small.h"

namespace lb::simd {
namespace {

// A panel of A (kMr * kDepth floats, 12 KB with AVX-512) stays in L1 while panels of B pass by; a task's
// piece of B (kTaskCols * kDepth, 128 KB) and of A (72 KB) stay in L2. kMr divides kTaskRows, kNr divides
// kTaskCols.
constexpr int64_t kDepth = 256;
constexpr int64_t kTaskRows = 72;
constexpr int64_t kTaskCols = 128;
// Bounds the workspace (4 MB each for A and B) and keeps both in a shared L3.
constexpr int64_t kMaxRows = 56 * kTaskRows;
constexpr int64_t kMaxCols = 32 * kTaskCols;
static_assert(kTaskRows % kMr == 0 && kTaskCols % kNr == 0);

// Runs body(body_ctx, index) for 0 <= index < count, in any order, on any threads, and returns when all are
// done. run == nullptr: a plain loop on the calling thread.
struct Parallel {
  void (*run)(void* ctx, int64_t count, void (*body)(void* body_ctx, int64_t index), void* body_ctx);
  void* ctx;
};
inline void for_each(const Parallel& parallel, int64_t count, void (*body)(void*, int64_t), void* body_ctx) {
  if (parallel.run && count > 1) return parallel.run(parallel.ctx, count, body, body_ctx);
  for (int64_t i = 0; i < count; i++) body(body_ctx, i);
}

LB_INLINE int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
LB_INLINE int64_t divide_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
LB_INLINE int64_t round_up(int64_t a, int64_t b) {
  return divide_up(a, b) * b;
}

// Blocks of k of nearly equal size, none above kDepth.
LB_INLINE int64_t depth_block(int64_t k) {
  return divide_up(k, divide_up(k, kDepth));
}

// A rows x cols block of C and one block of k, packed.
template <class Activation>
struct GemmBlock {
  const Gemm* g;
  int64_t row, rows, col, cols, p, depth;
  float *a, *b;  // packed panels
  bool pack_a;   // A's panels are not there yet
  Epilogue<Activation> out;
};

// Task `index` packs one piece of B or, after those, of A.
template <class Activation>
void pack_task(void* ctx, int64_t index) {
  const GemmBlock<Activation>& t = *static_cast<const GemmBlock<Activation>*>(ctx);
  const Gemm& g = *t.g;
  const int64_t pieces_b = divide_up(t.cols, kTaskCols);
  if (index < pieces_b) {
    const int64_t j = index * kTaskCols;
    pack<kNr>(g.b + t.p * b_row(g) + (t.col + j) * b_col(g), b_col(g), b_row(g), least(kTaskCols, t.cols - j),
              t.depth, t.b + j * t.depth);
  } else {
    const int64_t i = (index - pieces_b) * kTaskRows;
    pack<kMr>(g.a + (t.row + i) * a_row(g) + t.p * a_col(g), a_row(g), a_col(g), least(kTaskRows, t.rows - i),
              t.depth, t.a + i * t.depth);
  }
}

// Task `index` computes one kTaskRows x kTaskCols piece of C; consecutive tasks share the piece of B.
template <class Activation>
void multiply_task(void* ctx, int64_t index) {
  const GemmBlock<Activation>& t = *static_cast<const GemmBlock<Activation>*>(ctx);
  const int64_t down = divide_up(t.rows, kTaskRows);
  const int64_t i0 = index % down * kTaskRows, i1 = least(i0 + kTaskRows, t.rows);
  const int64_t j0 = index / down * kTaskCols, j1 = least(j0 + kTaskCols, t.cols);
  for (int64_t i = i0; i < i1; i += kMr) {
    for (int64_t j = j0; j < j1; j += kNr) {
      tile(t.depth, t.a + i * t.depth, t.b + j * t.depth, t.out, t.row + i, t.col + j, i1 - i, j1 - j);
    }
  }
}

// Waking threads costs more than packing a few pages does; the choice depends on the shape only.
constexpr int64_t kPackAlone = 1 << 15;

template <class Activation>
inline void run_block(GemmBlock<Activation>& t, const Parallel& parallel) {
  const int64_t down = divide_up(t.rows, kTaskRows), across = divide_up(t.cols, kTaskCols);
  const int64_t packed = ((t.pack_a ? t.rows : 0) + t.cols) * t.depth;
  const Parallel alone = {nullptr, nullptr};
  for_each(packed <= kPackAlone ? alone : parallel, across + (t.pack_a ? down : 0), pack_task<Activation>,
           &t);
  for_each(parallel, down * across, multiply_task<Activation>, &t);
}

constexpr int64_t kAlign = 64;  // bytes; panels start at a cache line

// Bytes of workspace gemm() wants for this shape; 0 for shapes that are not packed.
inline int64_t gemm_workspace_bytes(const Gemm& g) {
  if (is_small(g)) return 0;
  const int64_t rows = round_up(least(g.m, kMaxRows), kMr), cols = round_up(least(g.n, kMaxCols), kNr);
  return (rows + cols) * depth_block(g.k) * (int64_t)sizeof(float) + 2 * kAlign;
}

LB_INLINE float* align(void* p) {
  return (float*)(((uintptr_t)p + kAlign - 1) & ~(uintptr_t)(kAlign - 1));
}

// Computes g; workspace as gemm_workspace_bytes() says, not shared with a product running at the same time.
template <class Activation = Identity>
inline void gemm(const Gemm& g, void* workspace, const Parallel& parallel, Activation activation = {}) {
  if (g.m <= 0 || g.n <= 0) return;
  if (is_small(g)) return small_gemm(g, activation);
  const int64_t depth = depth_block(g.k), max_rows = round_up(least(g.m, kMaxRows), kMr);
  float* a = align(workspace);
  float* b = align(a + max_rows * depth);
  for (int64_t row = 0; row < g.m; row += kMaxRows) {
    for (int64_t p = 0; p < g.k; p += depth) {
      for (int64_t col = 0; col < g.n; col += kMaxCols) {
        const Epilogue<Activation> out = {g.c,       g.ldc, g.bias, g.accumulate || p > 0, p + depth >= g.k,
                                          activation};
        GemmBlock<Activation> block = {&g,
                                       row,
                                       least(kMaxRows, g.m - row),
                                       col,
                                       least(kMaxCols, g.n - col),
                                       p,
                                       least(depth, g.k - p),
                                       a,
                                       b,
                                       col == 0,
                                       out};
        run_block(block, parallel);
      }
    }
  }
}

}  // namespace
}  // namespace lb::simd
