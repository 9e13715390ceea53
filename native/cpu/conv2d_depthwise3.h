// Depthwise convolution with 3x3 taps: a tile of outputs stays in registers while each pixel that it sees is
// loaded once for all of them, instead of once per tap.
#pragma once

#include "conv2d_depthwise.h"

namespace lb {
namespace {

constexpr int kSide = 3;

// Taps in three rows of three neighbours, whose grid moves by one or two pixels.
inline bool is_square(const Phase& phase) {
  const Grid& g = phase.grid;
  if (phase.tap_count != kSide * kSide || g.stride_h != g.stride_w || g.stride_h > 2) return false;
  for (int t = 0; t < kSide * kSide; ++t) {
    const Tap &tap = phase.taps[t], &first = phase.taps[0];
    if (tap.row != first.row + t / kSide || tap.column != first.column + t % kSide) return false;
  }
  return true;
}

// Rows x Columns outputs, `Stride` pixels apart.
template <int Stride, int Rows, int Columns>
struct DepthwiseTile {
  static constexpr int kHeight = (Rows - 1) * Stride + kSide, kWidth = (Columns - 1) * Stride + kSide;
  const Depthwise& d;
  const float* zeros;  // what lies outside of the image
  const float* pixels[kHeight][kWidth];
  Point point;
  int64_t rows, columns;  // that exist

  DepthwiseTile(const Depthwise& depthwise, const float* outside, const Point& at)
      : d(depthwise), zeros(outside), point(at) {
    const Grid& g = d.phase.grid;
    rows = least(Rows, g.rows - at.i), columns = least(Columns, g.columns - at.j);
    const Tap& first = d.phase.taps[0];
    const int64_t y0 = at.i * Stride + first.row, x0 = at.j * Stride + first.column;
    for (int i = 0; i < kHeight; ++i) {
      for (int j = 0; j < kWidth; ++j) {
        const int64_t y = y0 + i, x = x0 + j;
        const bool inside = y >= 0 && y < d.image.height && x >= 0 && x < d.image.width;
        const int64_t pixel = (at.image * d.image.height + y) * d.image.width + x;
        pixels[i][j] = inside ? d.image.data + pixel * d.image.channels : zeros;
      }
    }
  }

  template <bool Whole>
  LB_INLINE void channels(int64_t channel, int64_t lanes) const {
    vf weights[kSide][kSide], acc[Rows][Columns] = {};
#pragma GCC unroll 9
    for (int t = 0; t < kSide * kSide; ++t) {
      const float* w = d.w + d.phase.taps[t].filter * d.image.channels + channel;
      weights[t / kSide][t % kSide] = Whole ? simd::load(w) : simd::load(w, lanes);
    }
    const int64_t next = Columns * Stride * d.image.channels;
#pragma GCC unroll 9
    for (int i = 0; i < kHeight; ++i) {
#pragma GCC unroll 9
      for (int j = 0; j < kWidth; ++j) {
        // What the tile to the right sees first: the hardware does not foresee steps of a pixel.
        if (j >= kWidth - Columns * Stride) __builtin_prefetch(pixels[i][j] + channel + next);
        const vf x = Whole ? simd::load(pixels[i][j] + channel) : simd::load(pixels[i][j] + channel, lanes);
#pragma GCC unroll 3
        for (int a = 0; a < kSide; ++a) {
#pragma GCC unroll 3
          for (int b = 0; b < kSide; ++b) {
            const int r = i - a, c = j - b;
            if (r < 0 || r % Stride != 0 || r / Stride >= Rows) continue;
            if (c < 0 || c % Stride != 0 || c / Stride >= Columns) continue;
            acc[r / Stride][c / Stride] = simd::fma(x, weights[a][b], acc[r / Stride][c / Stride]);
          }
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < Columns; ++c) {
        if (r >= rows || c >= columns) continue;
        d.finish({point.image, point.i + r, point.j + c}, channel, Whole ? kLanes : lanes, acc[r][c]);
      }
    }
  }

  void run() const {
    int64_t channel = 0;
    for (; channel + kLanes <= d.image.channels; channel += kLanes) channels<true>(channel, kLanes);
    if (channel < d.image.channels) channels<false>(channel, d.image.channels - channel);
  }
};

template <int Stride, int Rows, int Columns>
void depthwise_tiles(Call& call, const Depthwise& d) {
  const Grid& g = d.phase.grid;
  float* zeros = call.workspace<float>(d.image.channels);
  if (zeros == nullptr) return;
  simd::zero_run(zeros, d.image.channels);
  const int64_t bands = simd::divide_up(g.rows, Rows), work = Rows * g.columns * d.image.channels * 9;
  const int64_t grain = work < kDepthwiseTask ? kDepthwiseTask / (work > 0 ? work : 1) : 1;
  call.parallel_for(g.images * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; ++band) {
      Point point(band / bands, band % bands * Rows, 0);
      for (; point.j < g.columns; point.j += Columns) {
        DepthwiseTile<Stride, Rows, Columns>(d, zeros, point).run();
      }
    }
  });
}

inline void run_depthwise(Call& call, const Depthwise& d) {
  if (!is_square(d.phase)) return d.run(call);
  // 32 registers hold 16 sums beside the nine weights; 16 registers four, with weights read from L1.
  constexpr int kWide = kLanes == 16 ? 4 : 2;
  if (d.phase.grid.stride_h == 1) return depthwise_tiles<1, kWide, kWide>(call, d);
  depthwise_tiles<2, 2, kWide>(call, d);
}

}  // namespace
}  // namespace lb
