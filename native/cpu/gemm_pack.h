// Packing: copies of A and B in the order in which the micro-kernel reads them, so that it streams through
// memory whatever the leading dimensions and transpositions were.
#pragma once
#include "simd.h"

namespace lb::simd {
namespace {

constexpr int64_t kCacheLine = 16;  // in floats

// A panel is `Width` rows of op(A), or columns of op(B), laid out as depth groups of Width values.

// Source with the Width values side by side: one copy per step along k.
template <int Width>
inline void pack_copy(const float* src, int64_t ld, int64_t width, int64_t depth, float* dst) {
  for (int64_t p = 0; p < depth; p++, src += ld, dst += Width) {
    if (width == Width) {
      memcpy(dst, src, sizeof(float) * Width);
    } else {
      for (int64_t w = 0; w < Width; w++) dst[w] = w < width ? src[w] : 0.0f;
    }
  }
}

// Source with k running along memory: a transposition. It reads one cache line of each row at a time, because
// rows a power of two apart share a cache set and would evict each other before their next value is wanted.
template <int Width>
inline void pack_transpose(const float* src, int64_t ld, int64_t width, int64_t depth, float* dst) {
  for (int64_t p0 = 0; p0 < depth; p0 += kCacheLine) {
    const int64_t steps = depth - p0 < kCacheLine ? depth - p0 : kCacheLine;
    for (int64_t w = 0; w < Width; w++) {
      float* to = dst + p0 * Width + w;
      const float* from = src + w * ld + p0;
      for (int64_t p = 0; p < steps; p++) to[p * Width] = w < width ? from[p] : 0.0f;
    }
  }
}

// Packs `count` rows (or columns) into panels of Width, the last one padded with zeros. Neighbours in the
// source are `across` apart, steps along k `along`; one of the two is 1.
template <int Width>
inline void pack(const float* src, int64_t across, int64_t along, int64_t count, int64_t depth, float* dst) {
  for (int64_t i = 0; i < count; i += Width, dst += Width * depth) {
    const int64_t width = count - i < Width ? count - i : Width;
    if (across == 1) {
      pack_copy<Width>(src + i, along, width, depth, dst);
    } else {
      pack_transpose<Width>(src + i * across, across, width, depth, dst);
    }
  }
}

}  // namespace
}  // namespace lb::simd
