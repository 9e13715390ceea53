// The usual product: B is packed once, and every task packs the rows of A that it multiplies.
#pragma once
#include "gemm_task.h"

namespace lb::simd {
namespace {

// The panels of B may take this many floats: 12 MB, in a shared L3.
constexpr int64_t kMaxShared = 3 << 20;
constexpr int64_t kMaxDepth = 16384;  // so that one panel of B is far below that
constexpr int64_t kPanelsPerTask = 4;

template <class A, class B>
struct SharedProduct {
  int64_t m;
  const A& a;
  const B& b;
  Range k;
  int64_t first, width;  // columns of this round
  float* panels;         // of B: [block of k][panel][step][kNr]
  Output out;            // read_c and last as for the whole range of k

  int64_t depth() const { return depth_block(k.end - k.begin); }
  int64_t padded() const { return round_up(width, kNr); }

  void pack_panels(int64_t task) const {
    const int64_t col = task * kPanelsPerTask * kNr;
    const int64_t cols = least(kPanelsPerTask * kNr, width - col);
    for (int64_t p = k.begin; p < k.end; p += depth()) {
      const int64_t steps = least(depth(), k.end - p);
      pack_columns(b, first + col, cols, p, steps, panels + (p - k.begin) * padded() + col * steps);
    }
  }

  bool multiply(const Blocks& blocks, int64_t task) const {
    using Layout = typename A::Layout;
    const int64_t row = task % blocks.down * blocks.rows, rows = least(blocks.rows, m - row);
    const int64_t col = task / blocks.down * blocks.cols, cols = least(blocks.cols, width - col);
    float* panels_a = scratch(kSlotA, panels_size<Layout>(blocks.rows));
    if (panels_a == nullptr) return false;
    for (int64_t p = k.begin; p < k.end; p += depth()) {
      const int64_t steps = least(depth(), k.end - p);
      a.pack(row, rows, p, steps, panels_a);
      Output block = out;
      block.read_c = out.read_c || p > k.begin;
      block.last = out.last && p + steps >= k.end;
      multiply_block<Layout>(steps, panels_a, panels + (p - k.begin) * padded() + col * steps, block, row,
                             rows, first + col, cols);
    }
    return true;
  }

  bool run(const Parallel& parallel) const {
    const Blocks blocks = blocks_of(m, width);
    const int64_t steps = k.end - k.begin;
    bool complete = true;
    worth(4 * padded() * steps, parallel)(divide_up(width, kPanelsPerTask * kNr),
                                          [&](int64_t task) { pack_panels(task); });
    worth(m * width * steps, parallel)(blocks.count(), [&](int64_t task) {
      if (!multiply(blocks, task)) __atomic_store_n(&complete, false, __ATOMIC_RELAXED);
    });
    return complete;
  }
};

// C = A B. False: out of memory.
template <class A, class B>
inline bool shared_product(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Output& out,
                           const Parallel& parallel) {
  const int64_t range = k > kMaxDepth ? kMaxDepth : k;
  const int64_t fit = least(round_up(n, kNr), kMaxShared / (range > 0 ? range : 1) / kNr * kNr);
  float* panels = scratch(kSlotShared, fit * range);
  if (panels == nullptr) return false;
  for (int64_t p = 0; p == 0 || p < k; p += kMaxDepth) {
    const Range steps = {p, least(p + kMaxDepth, k)};
    Output block = out;
    block.read_c = out.read_c || p > 0;
    block.last = steps.end >= k;
    for (int64_t first = 0; first < n; first += fit) {
      const int64_t width = least(fit, n - first);
      if (!SharedProduct<A, B>{m, a, b, steps, first, width, panels, block}.run(parallel)) return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace lb::simd
