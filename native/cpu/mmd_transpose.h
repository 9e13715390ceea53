// A square of floats turned round in registers.
#pragma once
#include "gemm_kernel.h"

// Lanes of two vectors taken in turn, from their lower or upper halves.
#if LB_LANES == 16
  #define LB_ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
  #define LB_ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LB_LANES == 8
  #define LB_ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
  #define LB_ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
  #define LB_ZIP_LOW 0, 4, 1, 5
  #define LB_ZIP_HIGH 2, 6, 3, 7
#endif

namespace lb::simd {
namespace {

// log2(kLanes) rounds of a perfect shuffle of all elements transpose the square.
LB_INLINE void transpose_square(vf (&rows)[kLanes]) {
#pragma GCC unroll 4
  for (int round = 1; round < kLanes; round *= 2) {
    vf next[kLanes];
#pragma GCC unroll 8
    for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = __builtin_shufflevector(rows[i], rows[i + kLanes / 2], LB_ZIP_LOW);
      next[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + kLanes / 2], LB_ZIP_HIGH);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

// to[c][r] = from[r][c] for rows of kNr floats; rows from `count` on count as 0, columns from `width` on are
// not written.
inline void transpose_panel(const float* from, int64_t count, float* to, int64_t width) {
  for (int64_t i = 0; i < kNr; i += kLanes) {
    for (int64_t c = 0; c < width; c += kLanes) {
      vf square[kLanes];
#pragma GCC unroll 16
      for (int r = 0; r < kLanes; ++r) square[r] = i + r < count ? load(from + (i + r) * kNr + c) : vf{};
      transpose_square(square);
      for (int r = 0; r < kLanes && c + r < width; ++r) store(to + (c + r) * kNr + i, square[r]);
    }
  }
}

}  // namespace
}  // namespace lb::simd
