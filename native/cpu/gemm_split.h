// A product with few elements and long sums, such as the gradient of a filter: the sums are cut into parts,
// which tasks take each with panels of their own, and which are added up in order.
#pragma once
#include "gemm_task.h"

namespace lb::simd {
namespace {

constexpr int64_t kSplitCols = 256;  // of B in one task: 256 KB of panels
constexpr int64_t kMaxParts = 16;
constexpr int64_t kMaxSums = 1 << 22;       // floats of partial sums
constexpr int64_t kLeastPart = 2 * kDepth;  // steps of k worth a part of their own

LB_INLINE Blocks split_blocks(int64_t m, int64_t n) {
  const int64_t down = divide_up(m, 4 * kTaskRows), across = divide_up(n, kSplitCols);
  return {round_up(divide_up(m, down), kMr), round_up(divide_up(n, across), kNr), down, across};
}

// 1: not worth splitting.
LB_INLINE int64_t parts_of(int64_t m, int64_t n, int64_t k) {
  const int64_t tasks = split_blocks(m, n).count();
  const int64_t wanted = least(divide_up(2 * kFewTasks, tasks), kMaxParts);
  const int64_t most = least(k / kLeastPart, kMaxSums / (m * n));
  return most < 2 || wanted < 2 ? 1 : least(wanted, most);
}

template <class A, class B>
struct SplitProduct {
  int64_t m, n, k, parts;
  const A& a;
  const B& b;
  float* sums;  // [parts, m, n]

  // Parts begin at multiples of the block of k.
  Range range(int64_t part) const {
    const int64_t depth = depth_block(k), blocks = divide_up(k, depth);
    return {blocks * part / parts * depth, least(blocks * (part + 1) / parts * depth, k)};
  }

  bool multiply(const Blocks& blocks, int64_t task) const {
    using Layout = typename A::Layout;
    const int64_t part = task / blocks.count(), depth = depth_block(k);
    const int64_t row = task % blocks.down * blocks.rows, rows = least(blocks.rows, m - row);
    const int64_t col = task / blocks.down % blocks.across * blocks.cols, cols = least(blocks.cols, n - col);
    float* panels_a = scratch(kSlotA, panels_size<Layout>(blocks.rows));
    float* panels_b = scratch(kSlotB, blocks.cols * kDepth);
    if (panels_a == nullptr || panels_b == nullptr) return false;
    const Range steps = range(part);
    Output out{sums + part * m * n, n, nullptr, nullptr, nullptr, false, false, false};
    for (int64_t p = steps.begin; p < steps.end; p += depth) {
      const int64_t count = least(depth, steps.end - p);
      a.pack(row, rows, p, count, panels_a);
      pack_columns(b, col, cols, p, count, panels_b);
      multiply_block<Layout>(count, panels_a, panels_b, out, row, rows, col, cols);
      out.read_c = true;
    }
    return true;
  }

  // C = the parts added up in order.
  void combine(const Output& out, int64_t row) const {
    for (int64_t j = 0; j < n; j += kLanes) {
      const int64_t lanes = least(kLanes, n - j);
      vf sum = load(sums + row * n + j, lanes);
      for (int64_t part = 1; part < parts; part++) sum += load(sums + (part * m + row) * n + j, lanes);
      out.put(row, j, sum, lanes);
    }
  }
};

// C = A B with the sum in `parts`. False: out of memory.
template <class A, class B>
inline bool split_product(int64_t m, int64_t n, int64_t k, int64_t parts, const A& a, const B& b,
                          const Output& out, const Parallel& parallel) {
  float* sums = scratch(kSlotShared, parts * m * n);
  if (sums == nullptr) return false;
  const SplitProduct<A, B> product{m, n, k, parts, a, b, sums};
  const Blocks blocks = split_blocks(m, n);
  bool complete = true;
  parallel(parts * blocks.count(), [&](int64_t task) {
    if (!product.multiply(blocks, task)) __atomic_store_n(&complete, false, __ATOMIC_RELAXED);
  });
  const int64_t share = divide_up(1 << 14, n * parts), tasks = divide_up(m, share);
  parallel(tasks, [&](int64_t task) {
    for (int64_t row = task * share; row < least(m, (task + 1) * share); row++) product.combine(out, row);
  });
  return complete;
}

}  // namespace
}  // namespace lb::simd
