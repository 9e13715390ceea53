// Single-precision matrix product after Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (2008): packed panels, a register-blocked micro-kernel, and blocks that fit the caches.
//
// Results are the same bits at any number of threads: the work is cut by the shape alone, every element of C
// belongs to one task, and the sum over k runs in a fixed order. (Instruction sets differ from each other in
// the last bits: lanes and fusing differ.)
#pragma once
#include "gemm_shared.h"
#include "gemm_small.h"
#include "gemm_split.h"

namespace lb::simd {
namespace {

// The product without a single step of k.
inline void empty_product(int64_t m, int64_t n, const Output& out) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j += kLanes) out.put(i, j, vf{}, least(kLanes, n - j));
  }
}

// C = A B for operands that know how to pack themselves. False: out of memory.
template <class A, class B>
inline bool product(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Output& out,
                    const Parallel& parallel) {
  if (m <= 0 || n <= 0) return true;
  if (k <= 0) return empty_product(m, n, out), true;
  const int64_t parts = parts_of(m, n, k);
  if (parts > 1) return split_product(m, n, k, parts, a, b, out, parallel);
  return shared_product(m, n, k, a, b, out, parallel);
}

// Multiplications up to which packing does not pay.
constexpr int64_t kSmall = 32 * 32 * 32;

// Computes g. False: out of memory.
inline bool gemm(const Gemm& g, const Parallel& parallel) {
  if (g.m <= 0 || g.n <= 0) return true;
  if (g.m * g.n * g.k <= kSmall) return small_gemm(g), true;
  if (is_thin(g)) return thin_gemm(g, parallel), true;
  const MatrixB b{g.b, g.ldb, g.trans_b};
  if (g.trans_a) return product(g.m, g.n, g.k, ColumnsOfA{g.a, g.lda}, b, output_of(g), parallel);
  return product(g.m, g.n, g.k, RowsOfA{g.a, g.lda}, b, output_of(g), parallel);
}

}  // namespace
}  // namespace lb::simd
