// Tiles of an image and their transforms, written where the products read them.
#pragma once
#include "gemm_task.h"
#include "winograd_transform.h"

namespace lb::simd {
namespace {

constexpr int64_t kLine = 16;  // floats in a cache line

// At least `floats`, in an odd number of cache lines: 36 streams that far apart fall into different cache
// sets.
LB_INLINE int64_t skew(int64_t floats) {
  return (divide_up(floats, kLine) | 1) * kLine;
}

// An image batch [images, height, width, channels] cut into windows of kSize x kSize pixels, 4 apart, the
// first at (-top, -left). What lies outside of the image is zero.
struct Tiling {
  int64_t images, height, width, channels, top, left;
  int64_t down, across;  // tiles of one image
  int64_t count() const { return images * down * across; }
};

// A point's matrix [rows, channels], in blocks of `width` channels side by side: for each block all rows.
// The last block is narrower: `channels` is rounded up to whole vectors.
struct PointMatrices {
  float* data;
  int64_t rows, width, channels;
  int64_t plane;  // distance of the matrices of two points

  PointMatrices(float* data, int64_t rows, int64_t width, int64_t channels)
      : data(data), rows(rows), width(width), channels(channels), plane(floats_of(rows, channels)) {}
  static int64_t floats_of(int64_t rows, int64_t channels) { return skew(rows * channels); }
  int64_t width_at(int64_t channel) const { return least(width, channels - channel / width * width); }
  float* at(int64_t row, int64_t channel) const {
    return data + channel / width * width * rows + row * width_at(channel) + channel % width;
  }
};

// Pointers to the pixels of tile `index`; `zeros` stands for those outside.
template <int kSize>
inline void tile_pixels(const Tiling& t, const float* x, const float* zeros, int64_t index,
                        const float* (&pixels)[kSize][kSize]) {
  const int64_t column = index % t.across * kOut - t.left;
  const int64_t row = index / t.across % t.down * kOut - t.top;
  const float* image = x + index / (t.across * t.down) * t.height * t.width * t.channels;
  bool inside[kSize];
  for (int j = 0; j < kSize; j++) inside[j] = (uint64_t)(column + j) < (uint64_t)t.width;
  for (int i = 0; i < kSize; i++) {
    const float* pixel = image + ((row + i) * t.width + column) * t.channels;
    const bool exists = (uint64_t)(row + i) < (uint64_t)t.height;
    for (int j = 0; j < kSize; j++) pixels[i][j] = exists && inside[j] ? pixel + j * t.channels : zeros;
  }
}

// Asks the caches for the 4x4 pixels that tile `index` begins with, channels [channel, channel + channels).
// Inlined always: GCC takes a function that only prefetches for one without effect and drops its calls.
template <int kWrite>
LB_INLINE void prefetch_tile(const Tiling& t, const float* x, int64_t index, int64_t channel,
                             int64_t channels) {
  const int64_t column = index % t.across * kOut, row = index / t.across % t.down * kOut;
  const float* image = x + index / (t.across * t.down) * t.height * t.width * t.channels + channel;
  for (int64_t i = row; i < least(row + kOut, t.height); i++) {
    for (int64_t j = column; j < least(column + kOut, t.width); j++) {
      const float* pixel = image + (i * t.width + j) * t.channels;
      for (int64_t c = 0; c < channels; c += kLine) __builtin_prefetch(pixel + c, kWrite, 2);
    }
  }
}

// Transforms tiles [first, first + count) into rows 0, 1, … of the points' matrices.
template <class Transform>
inline void transform_tiles(const Tiling& t, const float* x, const float* zeros, int64_t first, int64_t count,
                            const PointMatrices& out, int64_t row) {
  constexpr int kSize = Transform::kFrom;
  for (int64_t i = 0; i < count; i++) {
    if (first + i + 2 < t.count()) prefetch_tile<0>(t, x, first + i + 2, 0, t.channels);
    const float* pixels[kSize][kSize];
    tile_pixels(t, x, zeros, first + i, pixels);
    int64_t c = 0;
    for (; c + kLanes <= t.channels; c += kLanes) {
      float* to = out.at(row + i, c);
      transform_2d<Transform>([&](int p, int q) { return load(pixels[p][q] + c); },
                              [&](int p, int q, vf v) { store(to + (p * kIn + q) * out.plane, v); });
    }
    if (c == t.channels) continue;
    float* to = out.at(row + i, c);
    transform_2d<Transform>([&](int p, int q) { return load(pixels[p][q] + c, t.channels - c); },
                            [&](int p, int q, vf v) { store(to + (p * kIn + q) * out.plane, v); });
  }
}

}  // namespace
}  // namespace lb::simd
