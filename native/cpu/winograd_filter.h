// The filter's gradient of a 3x3 convolution by the adjoint of Winograd's F(4x4, 3x3):
//   dw = Gᵀ [Σ_tiles (A dy Aᵀ) ⊙ (Bᵀ x B)] G
// The sum over tiles is a matrix product for each of the 36 points, [channels, tiles] x [tiles, filters].
#pragma once
#include "winograd_forward.h"

namespace lb::simd {
namespace {

struct WinogradFilter {
  Tiling x, dy;  // the same tiles: windows of 6x6 of x, of 4x4 of dy
  const float *x_data, *dy_data, *zeros;
  float* dw;
  int64_t channels, filters;
};

constexpr int64_t kHeldTiles = 5 << 20;     // floats of transformed tiles of x and dy held at once, where all
                                            // sums are too many for a cache: 20 MB
constexpr int64_t kPassingTiles = 5 << 18;  // and where they are not
constexpr int64_t kHeldSums = 1 << 20;      // floats of sums in that cache: 4 MB
constexpr int greatest_divisor(int a, int b) {
  return b == 0 ? a : greatest_divisor(b, a % b);
}
// Channels per block: whole vectors for the transform, whole tiles of rows for the product.
constexpr int64_t kChannelBlock = kMr * kLanes / greatest_divisor(kMr, kLanes);

// Channels [channel, channel + channels) of the sums: [36][channels][filters].
struct PointSums {
  float* data;
  int64_t channel, channels, row, plane;
};
LB_INLINE int64_t sums_row(const WinogradFilter& g) {
  return round_up(g.filters, kNr) + kLine;
}
LB_INLINE int64_t sums_floats(const WinogradFilter& g, int64_t channels) {
  return kPoints * skew(round_up(channels, kMr) * sums_row(g));
}

// Both sides' transforms of tiles [first, first + count).
inline void transform_both(Call& call, const WinogradFilter& g, int64_t first, int64_t count,
                           const PointMatrices& x, const PointMatrices& dy) {
  call.parallel_for(count, 4, [&](int64_t begin, int64_t end) {
    transform_tiles<InputTransform>(g.x, g.x_data, g.zeros, first + begin, end - begin, x, begin);
    transform_tiles<OutputAdjoint>(g.dy, g.dy_data, g.zeros, first + begin, end - begin, dy, begin);
  });
}

// sums (+)= xᵀ dy over `tiles` rows: a task per point and panel of filters.
inline void add_products(Call& call, const WinogradFilter& g, const PointMatrices& x, const PointMatrices& dy,
                         int64_t tiles, const PointSums& sums, bool accumulate) {
  const int64_t panels = divide_up(g.filters, kNr);
  const int64_t grain = divide_up(1 << 20, tiles * sums.channels * kNr);
  call.parallel_for(kPoints * panels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t point = i / panels, filter = i % panels * kNr;
      for (int64_t c = 0; c < sums.channels; c += kChannelBlock) {
        point_product<true>({least(kChannelBlock, sums.channels - c), least(kNr, g.filters - filter), tiles,
                             x.at(0, sums.channel + c) + point * x.plane, x.width_at(sums.channel + c),
                             dy.at(0, filter) + point * dy.plane,
                             sums.data + point * sums.plane + c * sums.row + filter, sums.row, accumulate});
      }
    }
  });
}

inline void finish_filters(Call& call, const WinogradFilter& g, const PointSums& sums) {
  call.parallel_for(sums.channels, divide_up(1 << 9, g.filters), [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c++) {
      for (int64_t f = 0; f < g.filters; f += kLanes) {
        const float* from = sums.data + c * sums.row + f;
        float* to = g.dw + (sums.channel + c) * g.filters + f;
        const int64_t lanes = least(kLanes, g.filters - f), tap = g.channels * g.filters;
        transform_2d<FilterAdjoint>([&](int i, int j) { return load(from + (i * kIn + j) * sums.plane); },
                                    [&](int i, int j, vf v) { store(to + (i * kTaps + j) * tap, v, lanes); });
      }
    }
  });
}

// Either all tiles are held, and the channels may be taken by parts; or all sums, and the tiles are.
inline void filter_run(Call& call, WinogradFilter g) {
  const int64_t channels = round_up(g.channels, kLanes), filters = round_up(g.filters, kNr);
  const int64_t tiles = g.x.count(), held = sums_floats(g, channels) > kHeldSums ? kHeldTiles : kPassingTiles;
  const int64_t fit = held / (kPoints * (channels + filters));
  const int64_t block = least(tiles, fit < kChannelBlock ? kChannelBlock : fit);
  const int64_t part = kHeldSums / (kPoints * sums_row(g)) / kChannelBlock * kChannelBlock;
  const int64_t share =
      block < tiles ? g.channels : least(g.channels, part < kChannelBlock ? kChannelBlock : part);
  g.zeros = zero_pixel(call, channels < filters ? filters : channels);
  float* x = call.workspace<float>(kPoints * PointMatrices::floats_of(block, channels) + kMr);
  float* dy = call.workspace<float>(kPoints * PointMatrices::floats_of(block, filters));
  float* data = call.workspace<float>(sums_floats(g, share));
  if (g.zeros == nullptr || x == nullptr || dy == nullptr || data == nullptr) return;
  const PointMatrices x_points(x, block, kChannelBlock, channels), dy_points(dy, block, kNr, filters);
  for (int64_t first = 0; first < tiles; first += block) {
    const int64_t count = least(block, tiles - first);
    transform_both(call, g, first, count, x_points, dy_points);
    for (int64_t channel = 0; channel < g.channels; channel += share) {
      const PointSums sums{data, channel, least(share, g.channels - channel), sums_row(g),
                           sums_floats(g, share) / kPoints};
      add_products(call, g, x_points, dy_points, count, sums, first > 0);
      if (first + block >= tiles) finish_filters(call, g, sums);
    }
  }
}

}  // namespace
}  // namespace lb::simd
