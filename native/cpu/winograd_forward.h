// Convolution 3x3 as Winograd's F(4x4, 3x3), and the input's gradient, which is a convolution too: with the
// transposed filter and the padding 2 − top, 2 − left.
//
// Two orders of work. Where all transformed filters (4 times the filters' size) fit into a cache that the
// threads share, they are made first, and a task takes a few tiles through all three stages. Where they do
// not, or the tiles are few, the tiles are transformed first, and a task transforms one panel of filters and
// takes it through all tiles: the transformed filters never reach main memory.
#pragma once
#include "landbridge/kernel.h"
#include "winograd_output.h"
#include "winograd_product.h"
#include "winograd_weights.h"

namespace lb::simd {
namespace {

using landbridge::Call;

struct WinogradForward {
  Tiling tiling;
  Weights weights;
  const float* x;
  WinogradOutput out;
  const float* zeros;  // a pixel's worth
};

constexpr int64_t kSharedFilters = 4 << 20;  // floats of transformed filters that stay in a shared cache
constexpr int64_t kFew = 1 << 20;  // floats of them, or of transformed tiles, that are read again cheaply
constexpr int64_t kGroupFloats = 1 << 17;  // floats of a task's transformed tiles: half of an L2
constexpr int64_t kTilesFloats = 5 << 19;  // floats of transformed tiles held at once: 10 MB
constexpr int64_t kPanelTiles = 8 * kMr;   // tiles whose products with one panel of filters stay in L2

// While a point's product keeps the arithmetic busy, memory brings a share of the pixels of y that the panel
// will be written to.
LB_INLINE void prefetch_output(const WinogradForward& f, int64_t first, int64_t count, int64_t filter,
                               int64_t point) {
  const WinogradOutput& out = f.out;
  const Tiling y{f.tiling.images, out.height, out.width, out.filters, 0, 0, f.tiling.down, f.tiling.across};
  for (int64_t i = count * point / kPoints; i < count * (point + 1) / kPoints; i++) {
    prefetch_tile<1>(y, out.y, first + i, filter, least(kNr, out.filters - filter));
  }
}

// Rows [row, row + count) of the transformed tiles, which are tiles `first`, …, times one panel of filters.
inline void panel_times_tiles(const WinogradForward& f, const PointMatrices& tiles, int64_t row,
                              int64_t first, int64_t count, const float* panel, int64_t filter, float* sums) {
  const int64_t plane = point_plane(count), columns = least(kNr, f.out.filters - filter);
  for (int64_t point = 0; point < kPoints; point++) {
    prefetch_output(f, first, count, filter, point);
    point_product<false>({count, columns, f.tiling.channels, tiles.at(row, 0) + point * tiles.plane,
                          tiles.width_at(0), panel + point * panel_plane(f.weights), sums + point * plane,
                          kNr, false});
  }
  finish_tiles(f.tiling, f.out, sums, plane, first, count, filter);
}

// An odd number of cache lines, too: the rows that a product reads side by side fall into different sets.
LB_INLINE int64_t tile_floats(const WinogradForward& f) {
  return skew(f.tiling.channels);
}
LB_INLINE PointMatrices tile_matrices(const WinogradForward& f, float* data, int64_t tiles) {
  return PointMatrices(data, round_up(tiles, kMr), tile_floats(f), tile_floats(f));
}

// Panels of all filters, then tiles by groups.
inline void forward_by_tiles(Call& call, const WinogradForward& f) {
  const Weights& w = f.weights;
  const int64_t panels = divide_up(w.columns(), kNr), panel = kPoints * panel_plane(w);
  float* filters = call.workspace<float>(panels * panel);
  if (filters == nullptr) return;
  const int64_t pieces = divide_up(w.depth(), kLine);
  call.parallel_for(panels * pieces, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t k = i % pieces * kLine;
      transform_weights(w, i / pieces * kNr, k, least(k + kLine, w.depth()), filters + i / pieces * panel);
    }
  });
  const int64_t fit = kGroupFloats / (kPoints * tile_floats(f)) / kMr * kMr;
  const int64_t group = least(fit < kMr ? kMr : fit, kPanelTiles), tiles = f.tiling.count();
  call.parallel_for(divide_up(tiles, group), 1, [&](int64_t begin, int64_t end) {
    const int64_t inputs = kPoints * PointMatrices::floats_of(group, tile_floats(f));
    const int64_t floats = inputs + kPoints * point_plane(group);
    float* memory = scratch(kSlotA, floats);
    if (memory == nullptr) return call.fail("out of memory for the tiles of a convolution");
    for (int64_t i = begin; i < end; i++) {
      const int64_t first = i * group, count = least(group, tiles - first);
      const PointMatrices matrices = tile_matrices(f, memory, group);
      transform_tiles<InputTransform>(f.tiling, f.x, f.zeros, first, count, matrices, 0);
      for (int64_t j = 0; j < panels; j++) {
        panel_times_tiles(f, matrices, 0, first, count, filters + j * panel, j * kNr, memory + inputs);
      }
    }
  });
}

// Tasks are panels of filters: for each, all tiles of the block.
inline void multiply_by_filters(Call& call, const WinogradForward& f, const PointMatrices& tiles,
                                int64_t first, int64_t count) {
  const Weights& w = f.weights;
  call.parallel_for(divide_up(w.columns(), kNr), 1, [&](int64_t begin, int64_t end) {
    const int64_t panel = kPoints * panel_plane(w);
    const int64_t floats = panel + kPoints * point_plane(kPanelTiles);
    float* memory = scratch(kSlotA, floats);
    if (memory == nullptr) return call.fail("out of memory for the filters of a convolution");
    for (int64_t j = begin; j < end; j++) {
      transform_weights(w, j * kNr, 0, w.depth(), memory);
      for (int64_t row = 0; row < count; row += kPanelTiles) {
        panel_times_tiles(f, tiles, row, first + row, least(kPanelTiles, count - row), memory, j * kNr,
                          memory + panel);
      }
    }
  });
}

inline void forward_by_filters(Call& call, const WinogradForward& f) {
  const int64_t tiles = f.tiling.count(), fit = kTilesFloats / (kPoints * tile_floats(f));
  const int64_t block = least(round_up(tiles, kMr), round_up(fit < 1 ? 1 : fit, kPanelTiles));
  float* data =
      call.workspace<float>(kPoints * PointMatrices::floats_of(round_up(block, kMr), tile_floats(f)));
  if (data == nullptr) return;
  const PointMatrices matrices = tile_matrices(f, data, block);
  for (int64_t first = 0; first < tiles; first += block) {
    const int64_t count = least(block, tiles - first);
    call.parallel_for(count, 4, [&](int64_t begin, int64_t end) {
      transform_tiles<InputTransform>(f.tiling, f.x, f.zeros, first + begin, end - begin, matrices, begin);
    });
    multiply_by_filters(call, f, matrices, first, count);
  }
}

// `zeros` of at least this many pixels' channels, or null when memory is out.
inline const float* zero_pixel(Call& call, int64_t channels) {
  float* zeros = call.workspace<float>(channels);
  if (zeros != nullptr) memset(zeros, 0, static_cast<size_t>(channels) * sizeof(float));
  return zeros;
}

inline void winograd_run(Call& call, WinogradForward f) {
  f.zeros = zero_pixel(call, f.tiling.channels);
  if (f.zeros == nullptr) return;
  const int64_t filters = round_up(f.weights.columns(), kNr) * f.weights.depth() * kPoints;
  const int64_t tiles = f.tiling.count() * tile_floats(f) * kPoints;
  const bool few_tiles = tiles <= kFew && filters > kFew;
  if (filters <= kSharedFilters && !few_tiles) return forward_by_tiles(call, f);
  forward_by_filters(call, f);
}

}  // namespace
}  // namespace lb::simd
