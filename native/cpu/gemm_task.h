// What the products of gemm.h share: their description, how they are cut into tasks, and where tasks run.
#pragma once
#include "gemm_pack.h"

// Memory of the calling thread, at least `bytes` large and aligned to cache lines; each slot is a block of
// its own. See core/gemm.cc.
extern "C" void* lb_gemm_scratch(int slot, size_t bytes);

namespace lb::simd {
namespace {

// Runs body(body_ctx, index) for 0 <= index < count, in any order, on any threads, and returns when all are
// done. run == nullptr: a plain loop on the calling thread.
struct Parallel {
  void (*run)(void* ctx, int64_t count, void (*body)(void* body_ctx, int64_t index), void* body_ctx);
  void* ctx;

  template <class F>
  void operator()(int64_t count, const F& f) const {
    auto body = [](void* context, int64_t index) { (*static_cast<const F*>(context))(index); };
    if (run && count > 1) return run(ctx, count, body, const_cast<F*>(&f));
    for (int64_t i = 0; i < count; i++) f(i);
  }
};

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
  bool relu;          // applied last
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
LB_INLINE Output output_of(const Gemm& g) {
  return {g.c, g.ldc, nullptr, g.bias, nullptr, g.accumulate, true, g.relu};
}

enum Slot { kSlotShared, kSlotA, kSlotB };

inline float* scratch(Slot slot, int64_t floats) {
  return static_cast<float*>(lb_gemm_scratch(slot, static_cast<size_t>(floats) * sizeof(float)));
}

// Blocks of k of nearly equal size, none above kDepth.
LB_INLINE int64_t depth_block(int64_t k) {
  return k > 0 ? divide_up(k, divide_up(k, kDepth)) : 1;
}

// How C is cut into tasks; by the shape only.
struct Blocks {
  int64_t rows, cols;    // of one task, multiples of kMr and kNr
  int64_t down, across;  // tasks

  LB_INLINE int64_t count() const { return down * across; }
};

// A task's panels of A (72 * kDepth floats, 78 KB) stay in L2 while panels of B pass by.
constexpr int64_t kTaskRows = 72;
constexpr int64_t kFewTasks = 16;  // enough to keep some threads busy
static_assert(kTaskRows % kMr == 0);

LB_INLINE Blocks blocks_of(int64_t m, int64_t n) {
  Blocks b{};
  const int64_t most = m >= 2 * kFewTasks * kTaskRows ? 2 * kTaskRows : kTaskRows;
  b.rows = round_up(divide_up(m, divide_up(m, most)), kMr);
  b.down = divide_up(m, b.rows);
  b.cols = round_up(n, kNr);
  // Few rows: tasks share them, each packing them for itself.
  while (b.down * divide_up(n, b.cols) < kFewTasks && b.cols >= 4 * kNr) b.cols = round_up(b.cols / 2, kNr);
  b.across = divide_up(n, b.cols);
  return b;
}

// A range of k.
struct Range {
  int64_t begin, end;
};

// Below this many multiplications a thread is done before another wakes.
constexpr int64_t kAlone = 1 << 19;

LB_INLINE Parallel worth(int64_t multiplications, const Parallel& parallel) {
  return multiplications < kAlone ? Parallel{} : parallel;
}

// C[row.., col..] over one block of k, from packed panels: a panel of B meets all panels of A.
template <class Layout>
inline void multiply_block(int64_t depth, const float* a, const float* b, const Output& out, int64_t row,
                           int64_t rows, int64_t col, int64_t cols) {
  for (int64_t j = 0; j < cols; j += kNr) {
    for (int64_t i = 0; i < rows; i += kMr) {
      tile_of_size<Layout>(depth, a + panel_at<Layout>(i), b + j * depth, out, row + i, col + j, rows - i,
                           least(kNr, cols - j));
    }
  }
}

template <class B>
inline void pack_columns(const B& b, int64_t col, int64_t cols, int64_t p, int64_t depth, float* panels) {
  for (int64_t j = 0; j < cols; j += kNr) {
    b.pack(col + j, least(kNr, cols - j), p, depth, panels + j * depth);
  }
}

}  // namespace
}  // namespace lb::simd
