// Transposition of blocks of kLanes x kLanes floats in registers.
#pragma once
#include <utility>

#include "simd.h"

namespace lb::simd {
namespace {

// Exchanges the lanes that have bit W with those of the other row that lack it.
template <int W, int... L>
LB_INLINE void exchange(vf& a, vf& b, std::integer_sequence<int, L...>) {
  const vf low = __builtin_shufflevector(a, b, ((L & W) ? kLanes + L - W : L)...);
  b = __builtin_shufflevector(a, b, ((L & W) ? kLanes + L : L + W)...);
  a = low;
}

template <int W = 1>
LB_INLINE void transpose(vf (&rows)[kLanes]) {
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i++) {
    if (!(i & W)) exchange<W>(rows[i], rows[i + W], std::make_integer_sequence<int, kLanes>{});
  }
  if constexpr (2 * W < kLanes) transpose<2 * W>(rows);
}

// to[j * to_ld + i] = from[i * from_ld + j] for i < rows, j < cols, both at most kLanes; the rest of the
// kLanes columns of `to` becomes 0.
LB_INLINE void transpose_block(const float* from, int64_t from_ld, int64_t rows, int64_t cols, float* to,
                               int64_t to_ld) {
  vf block[kLanes];
  if (rows == kLanes && cols == kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) block[i] = load(from + i * from_ld);
    transpose(block);
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; j++) store(to + j * to_ld, block[j]);
    return;
  }
  for (int i = 0; i < kLanes; i++) block[i] = i < rows ? load(from + i * from_ld, cols) : vf{};
  transpose(block);
  for (int j = 0; j < cols; j++) store(to + j * to_ld, block[j]);
}

}  // namespace
}  // namespace lb::simd
