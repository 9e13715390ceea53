// The last stage of a Winograd convolution: sums at the 36 points become pixels, with what else is added.
#pragma once
#include "gemm_kernel.h"
#include "winograd_tiles.h"

namespace lb::simd {
namespace {

// What is added to the sums on their way into y [images, height, width, filters].
struct WinogradOutput {
  int64_t height, width, filters;
  const float *bias, *residual;  // [filters], like y; or null
  bool relu;
  float* y;
};

// The sums of a point: a row of kNr filters per tile.
LB_INLINE int64_t point_plane(int64_t tiles) {
  return skew(round_up(tiles, kMr) * kNr);
}

// One vector of filters of one tile. `lanes` of them exist.
LB_INLINE void finish_vector(const WinogradOutput& out, const float* sums, int64_t plane, int64_t pixel,
                             int64_t rows, int64_t columns, int64_t filter, int64_t lanes) {
  const vf bias = out.bias ? load(out.bias + filter, lanes) : vf{};
  transform_2d<OutputTransform>([&](int i, int j) { return load(sums + (i * kIn + j) * plane); },
                                [&](int i, int j, vf v) {
                                  if (i >= rows || j >= columns) return;
                                  const int64_t at = (pixel + i * out.width + j) * out.filters + filter;
                                  v += bias;
                                  if (lanes == kLanes) {
                                    if (out.residual) v += load(out.residual + at);
                                    store(out.y + at, out.relu ? max(v, vf{}) : v);
                                  } else {
                                    if (out.residual) v += load(out.residual + at, lanes);
                                    store(out.y + at, out.relu ? max(v, vf{}) : v, lanes);
                                  }
                                });
}

// Tiles [first, first + count) of the filters from `filter` on.
inline void finish_tiles(const Tiling& t, const WinogradOutput& out, const float* sums, int64_t plane,
                         int64_t first, int64_t count, int64_t filter) {
  const int64_t filters = least(kNr, out.filters - filter);
  for (int64_t i = 0; i < count; i++) {
    const int64_t tile = first + i, row = tile / t.across % t.down * kOut, column = tile % t.across * kOut;
    const int64_t pixel = (tile / (t.across * t.down) * out.height + row) * out.width + column;
    for (int64_t v = 0; v < filters; v += kLanes) {
      finish_vector(out, sums + i * kNr + v, plane, pixel, out.height - row, out.width - column, filter + v,
                    least(kLanes, filters - v));
    }
  }
}

}  // namespace
}  // namespace lb::simd
