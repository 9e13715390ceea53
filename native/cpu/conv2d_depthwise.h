// Depthwise convolution, one filter per channel: no product of matrices to speak of. A vector of channels of
// a few neighbouring grid points stays in registers while the taps pass by.
#pragma once

#include "conv2d_taps.h"
#include "elementwise.h"

namespace lb {
namespace {

using simd::kLanes;
using simd::vf;

constexpr int kPoints = 8;                   // of one row, at once
constexpr int64_t kDepthwiseTask = 1 << 16;  // multiplications
constexpr int64_t kDepthwiseParts = 32;

// The columns of a grid row for which tap `t` lies inside the image.
struct Columns {
  int64_t begin, end;
};
inline Columns inside(const Grid& grid, const Image& image, const Tap& t) {
  const int64_t before = t.column < 0 ? simd::divide_up(-t.column, grid.stride_w) : 0;
  const int64_t room = image.width - t.column;
  const int64_t end = room <= 0 ? 0 : least(grid.columns, simd::divide_up(room, grid.stride_w));
  return {before, end < before ? before : end};
}

// The columns for which all taps do.
inline Columns all_inside(const Phase& phase, const Image& image) {
  Columns all{0, phase.grid.columns};
  for (int64_t t = 0; t < phase.tap_count; ++t) {
    const Columns c = inside(phase.grid, image, phase.taps[t]);
    if (c.begin > all.begin) all.begin = c.begin;
    if (c.end < all.end) all.end = c.end;
  }
  return all.end < all.begin ? Columns{all.begin, all.begin} : all;
}

struct Depthwise {
  const Phase& phase;
  Image image;
  const float* w;
  const float *bias, *residual;
  bool relu;
  float* out;

  // The image's pixel for tap t and column j of grid row i, at channel 0.
  LB_INLINE const float* pixel(int64_t n, int64_t y, int64_t j, const Tap& t) const {
    return image.data +
           ((n * image.height + y) * image.width + j * phase.grid.stride_w + t.column) * image.channels;
  }

  LB_INLINE void finish(const Point& point, int64_t channel, int64_t lanes, vf sum) const {
    const int64_t at = phase.pixel(point) * image.channels + channel;
    if (bias != nullptr) sum += simd::load(bias + channel, lanes);
    if (residual != nullptr) sum += simd::load(residual + at, lanes);
    simd::store(out + at, relu ? simd::max(sum, vf{}) : sum, lanes);
  }

  // `Count` neighbours, all of whose taps are inside (as far as the rows are); a whole vector of channels, or
  // the last few.
  template <int Count, bool Whole>
  LB_INLINE void inner(Point point, int64_t channel, int64_t lanes) const {
    vf acc[Count] = {};
    const int64_t step = phase.grid.stride_w * image.channels;
    for (int64_t k = 0; k < phase.tap_count; ++k) {
      const Tap& t = phase.taps[k];
      const int64_t y = point.i * phase.grid.stride_h + t.row;
      if (y < 0 || y >= image.height) continue;
      const float* weights = w + t.filter * image.channels + channel;
      const vf weight = Whole ? simd::load(weights) : simd::load(weights, lanes);
      const float* from = pixel(point.image, y, point.j, t) + channel;
#pragma GCC unroll 8
      for (int u = 0; u < Count; ++u, from += step) {
        acc[u] = simd::fma(Whole ? simd::load(from) : simd::load(from, lanes), weight, acc[u]);
      }
    }
#pragma GCC unroll 8
    for (int u = 0; u < Count; ++u, ++point.j) finish(point, channel, Whole ? kLanes : lanes, acc[u]);
  }

  // All channels, while the pixels are in L1.
  template <int Count>
  inline void inner_pixels(const Point& point) const {
    int64_t channel = 0;
    for (; channel + kLanes <= image.channels; channel += kLanes) inner<Count, true>(point, channel, kLanes);
    if (channel < image.channels) inner<Count, false>(point, channel, image.channels - channel);
  }

  void border_pixel(const Point& point) const {
    for (int64_t channel = 0; channel < image.channels; channel += kLanes) {
      const int64_t lanes = least(kLanes, image.channels - channel);
      vf acc{};
      for (int64_t k = 0; k < phase.tap_count; ++k) {
        const Tap& t = phase.taps[k];
        const int64_t y = point.i * phase.grid.stride_h + t.row, x = point.j * phase.grid.stride_w + t.column;
        if (y < 0 || y >= image.height || x < 0 || x >= image.width) continue;
        acc = simd::fma(simd::load(pixel(point.image, y, point.j, t) + channel, lanes),
                        simd::load(w + t.filter * image.channels + channel, lanes), acc);
      }
      finish(point, channel, lanes, acc);
    }
  }

  void row(Point point, const Columns& safe) const {
    while (point.j < phase.grid.columns) {
      if (point.j >= safe.begin && point.j + kPoints <= safe.end) {
        inner_pixels<kPoints>(point);
        point.j += kPoints;
      } else if (point.j >= safe.begin && point.j < safe.end) {
        inner_pixels<1>(point);
        ++point.j;
      } else {
        border_pixel(point);
        ++point.j;
      }
    }
  }

  void run(Call& call) const {
    const Grid& grid = phase.grid;
    const Columns safe = all_inside(phase, image);
    const int64_t work = grid.columns * image.channels * (phase.tap_count + 1);
    const int64_t grain = work < kDepthwiseTask ? kDepthwiseTask / (work > 0 ? work : 1) : 1;
    call.parallel_for(grid.images * grid.rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) row(Point(grid, r * grid.columns), safe);
    });
  }
};

// dw[t, c] += Σ image(point, t)·dy(point) over grid row `row`.
inline void depthwise_filter_row(const Phase& phase, const Image& image, const float* dy, int64_t row,
                                 float* dw) {
  const Grid& grid = phase.grid;
  const Point point(grid, row * grid.columns);
  const int64_t channels = image.channels, step = grid.stride_w * channels;
  for (int64_t k = 0; k < phase.tap_count; ++k) {
    const Tap& t = phase.taps[k];
    const int64_t y = point.i * grid.stride_h + t.row;
    if (y < 0 || y >= image.height) continue;
    const Columns c = inside(grid, image, t);
    const float* from = image.data + ((point.image * image.height + y) * image.width + t.column) * channels;
    for (int64_t channel = 0; channel < channels; channel += kLanes) {
      const int64_t lanes = least(kLanes, channels - channel);
      const float* other = dy + row * grid.columns * channels + channel;
      vf sum[2] = {simd::load(dw + t.filter * channels + channel, lanes), vf{}};
      int64_t j = c.begin;
      for (; j + 2 <= c.end; j += 2) {
#pragma GCC unroll 2
        for (int u = 0; u < 2; ++u) {
          sum[u] = simd::fma(simd::load(from + (j + u) * step + channel, lanes),
                             simd::load(other + (j + u) * channels, lanes), sum[u]);
        }
      }
      if (j < c.end) {
        sum[0] = simd::fma(simd::load(from + j * step + channel, lanes),
                           simd::load(other + j * channels, lanes), sum[0]);
      }
      simd::store(dw + t.filter * channels + channel, sum[0] + sum[1], lanes);
    }
  }
}

// Partial sums over runs of grid rows, combined in order.
inline void depthwise_filter(Call& call, const Phase& phase, const Image& image, const float* dy, float* dw) {
  const int64_t rows = phase.grid.images * phase.grid.rows, size = phase.tap_count * image.channels;
  const int64_t share = simd::divide_up(rows, kDepthwiseParts), parts = simd::divide_up(rows, share);
  float* partial = call.workspace<float>(parts * size);
  if (partial == nullptr) return;
  call.parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* out = partial + part * size;
      simd::zero_run(out, size);
      for (int64_t row = part * share; row < least((part + 1) * share, rows); ++row) {
        depthwise_filter_row(phase, image, dy, row, out);
      }
    }
  });
  for (int64_t i = 0; i < size; ++i) {
    float sum = 0;
    for (int64_t part = 0; part < parts; ++part) sum += partial[part * size + i];
    dw[i] = sum;
  }
}

}  // namespace
}  // namespace lb
