// A panel of floats turned round.
#pragma once
#include "gemm_kernel.h"
#include "transpose.h"

namespace lb::simd {
namespace {

// to[c][r] = from[r][c] for rows of kNr floats; rows from `count` on count as 0, columns from `width` on are
// not written.
inline void transpose_panel(const float* from, int64_t count, float* to, int64_t width) {
  for (int64_t i = 0; i < kNr; i += kLanes) {
    for (int64_t c = 0; c < width; c += kLanes) {
      vf square[kLanes];
#pragma GCC unroll 16
      for (int r = 0; r < kLanes; ++r) square[r] = i + r < count ? load(from + (i + r) * kNr + c) : vf{};
      transpose(square);
      for (int r = 0; r < kLanes && c + r < width; ++r) store(to + (c + r) * kNr + i, square[r]);
    }
  }
}

}  // namespace
}  // namespace lb::simd
