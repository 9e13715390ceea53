// How a convolution sees an image: a grid of points, and taps relative to each. The pixel that tap t of grid
// point (i, j) touches is (i·stride_h + t.row, j·stride_w + t.column); what lies outside counts as zero.
//   conv2d        grid: output pixels; image: x
//   conv2dInput   grid: the input pixels of one phase of the stride, whose taps are those that reach it;
//                 image: dy
//   conv2dFilter  grid: output pixels, now summed over; image: x
#pragma once

#include "conv2d.h"
#include "gemm_task.h"

namespace lb {
namespace {

using simd::least;

struct Tap {
  int64_t row, column;  // relative to the grid point's place
  int64_t filter;       // kh·kernel_w + kw
};

struct Image {
  const float* data;  // at the group's first channel
  int64_t height, width, channels, group_channels;
};

// Taps that lie side by side in the image, as one stretch of memory.
struct Run {
  int64_t row, start;     // of the image; floats from the pixel's first
  int64_t begin, length;  // place within the patch
};

struct Grid {
  int64_t images, rows, columns, stride_h, stride_w;
  int64_t points() const { return images * rows * columns; }
};

// Walks over grid points in order without dividing.
struct Point {
  int64_t image, i, j;
  Point(int64_t image_, int64_t i_, int64_t j_) : image(image_), i(i_), j(j_) {}
  Point(const Grid& g, int64_t index)
      : image(index / (g.rows * g.columns)), i(index / g.columns % g.rows), j(index % g.columns) {}
  LB_INLINE void next(const Grid& g) {
    if (++j < g.columns) return;
    j = 0;
    if (++i < g.rows) return;
    i = 0, ++image;
  }
};

// A grid, the taps of its points, and where its results belong: grid point (i, j) to pixel
// (start_h + i·grid step, start_w + j·grid step) of the target.
struct Phase {
  Grid grid;
  Tap* taps;
  int64_t tap_count;
  int64_t start_h, start_w, step_h, step_w;  // in the target
  int64_t target_h, target_w;

  int64_t pixel(const Point& p) const {
    return (p.image * target_h + start_h + p.i * step_h) * target_w + start_w + p.j * step_w;
  }
  bool dense() const { return step_h == 1 && step_w == 1; }
};

// The output pixels with all taps of the filter.
inline Phase forward_phase(const Convolution& c, Tap* taps) {
  for (int64_t kh = 0, t = 0; kh < c.kernel_h; ++kh) {
    for (int64_t kw = 0; kw < c.kernel_w; ++kw, ++t) {
      taps[t] = {kh * c.dilation_h - c.top, kw * c.dilation_w - c.left, t};
    }
  }
  return {{c.images, c.out_h, c.out_w, c.stride_h, c.stride_w},
          taps,
          c.kernel_h * c.kernel_w,
          0,
          0,
          1,
          1,
          c.out_h,
          c.out_w};
}

// The input pixels (a + i·stride_h, b + j·stride_w), with the taps whose output pixels exist: those for which
// the stride divides the distance.
inline Phase input_phase(const Convolution& c, int64_t a, int64_t b, Tap* taps) {
  int64_t count = 0;
  for (int64_t kh = c.kernel_h - 1; kh >= 0; --kh) {
    const int64_t row = a + c.top - kh * c.dilation_h;
    if (row % c.stride_h != 0) continue;
    for (int64_t kw = c.kernel_w - 1; kw >= 0; --kw) {
      const int64_t column = b + c.left - kw * c.dilation_w;
      if (column % c.stride_w != 0) continue;
      taps[count++] = {row / c.stride_h, column / c.stride_w, kh * c.kernel_w + kw};
    }
  }
  const int64_t rows = simd::divide_up(c.height - a, c.stride_h);
  const int64_t columns = simd::divide_up(c.width - b, c.stride_w);
  return {{c.images, rows, columns, 1, 1}, taps, count, a, b, c.stride_h, c.stride_w, c.height, c.width};
}

// Calls f(phase) for every phase of the stride that holds a pixel.
template <class F>
void for_each_input_phase(const Convolution& c, Tap* taps, F f) {
  for (int64_t a = 0; a < least(c.stride_h, c.height); ++a) {
    for (int64_t b = 0; b < least(c.stride_w, c.width); ++b) f(input_phase(c, a, b, taps));
  }
}

// Joins taps that are neighbours in memory; returns how many runs there are (at most `count`).
inline int64_t join(const Tap* taps, int64_t count, const Image& image, Run* runs) {
  const bool whole = image.channels == image.group_channels;
  int64_t made = 0;
  for (int64_t t = 0; t < count; ++t) {
    const bool follows = t > 0 && taps[t].row == taps[t - 1].row && taps[t].column == taps[t - 1].column + 1;
    if (whole && follows) {
      runs[made - 1].length += image.group_channels;
      continue;
    }
    runs[made++] = {taps[t].row, taps[t].column * image.channels, t * image.group_channels,
                    image.group_channels};
  }
  return made;
}

}  // namespace
}  // namespace lb
