// Convolution as a matrix product whose operand is never stored: patches of the image are copied straight
// into the panels that the micro-kernel reads (implicit GEMM).
#pragma once

#include "conv2d_taps.h"
#include "gemm_pool.h"

namespace lb {
namespace {

// Copies `rows` stretches of `length` floats.
inline void copy_rows(const float* from, int64_t from_step, int64_t rows, int64_t length, float* to,
                      int64_t to_step) {
  const int64_t whole = length / simd::kLanes * simd::kLanes, rest = length - whole;
  for (int64_t r = 0; r < rows; ++r, from += from_step, to += to_step) {
    for (int64_t i = 0; i < whole; i += simd::kLanes) simd::store(to + i, simd::load(from + i));
    if (rest > 0) simd::store(to + whole, simd::load(from + whole, rest), rest);
  }
}

struct Patches {
  Grid grid;
  Image image;
  const Run* runs;
  int64_t run_count;
  int64_t depth;  // elements of one patch

  // Elements [p, p + count) of the patches of `points` neighbours of a grid row; those of one patch side by
  // side, patches `step` apart.
  void copy(const Point& point, int64_t points, int64_t p, int64_t count, float* to, int64_t step) const {
    int64_t r = 0;
    while (r + 1 < run_count && runs[r + 1].begin <= p) ++r;
    for (int64_t at = 0; at < count; ++r) {
      const int64_t skip = p + at - runs[r].begin, length = least(runs[r].length - skip, count - at);
      copy_run(point, points, runs[r], skip, length, to + at, step);
      at += length;
    }
  }

 private:
  // A stretch of one run. Points whose stretch lies wholly inside the image are the rule.
  void copy_run(const Point& point, int64_t points, const Run& run, int64_t skip, int64_t length, float* to,
                int64_t to_step) const {
    const int64_t y = point.i * grid.stride_h + run.row, width = image.width * image.channels;
    const bool inside = y >= 0 && y < image.height;
    const float* row = inside ? image.data + (point.image * image.height + y) * width : nullptr;
    const int64_t step = grid.stride_w * image.channels, start = point.j * step + run.start + skip;
    const int64_t room = width - length - start;  // of the first point, to the right
    if (inside && start >= 0 && room >= (points - 1) * step) {
      return copy_rows(row + start, step, points, length, to, to_step);
    }
    const int64_t begin = start >= 0 ? 0 : least(simd::divide_up(-start, step), points);
    const int64_t end = !inside || room < 0 ? begin : least(room / step + 1, points);
    const int64_t last = end > begin ? end : begin;
    for (int64_t u = 0; u < begin; ++u) cut(row, start + u * step, width, length, to + u * to_step);
    if (last > begin) {
      copy_rows(row + start + begin * step, step, last - begin, length, to + begin * to_step, to_step);
    }
    for (int64_t u = last; u < points; ++u) cut(row, start + u * step, width, length, to + u * to_step);
  }

  // What lies outside is zero.
  static void cut(const float* row, int64_t start, int64_t width, int64_t length, float* to) {
    const int64_t from = start < 0 ? 0 : start, until = least(start + length, width);
    if (row == nullptr || from >= until) return simd::zero_run(to, length);
    simd::zero_run(to, from - start);
    simd::copy_run(to + (from - start), row + from, until - from);
    simd::zero_run(to + (until - start), start + length - until);
  }
};

// Calls f(point, points, index) for the grid points from `first` on, `most` at a time, cut where a row of the
// grid ends.
template <class F>
LB_INLINE void for_each_row(const Grid& grid, int64_t first, int64_t count, int64_t most, F f) {
  for (int64_t index = 0; index < count;) {
    const Point point(grid, first + index);
    const int64_t points = least(least(grid.columns - point.j, count - index), most);
    f(point, points, index);
    index += points;
  }
}

// Patches as rows of A.
struct PatchRows : Patches {
  using Layout = simd::ByRow;
  void pack(int64_t row, int64_t rows, int64_t p, int64_t count, float* panels) const {
    for_each_row(grid, row, rows, grid.columns, [&](const Point& point, int64_t points, int64_t r) {
      copy(point, points, p, count, panels + r * Layout::kRow, Layout::kRow);
    });
  }
};

// Patches as columns of A: elements of the patch are rows of the product, which sums over grid points.
struct PatchColumns : Patches {
  using Layout = simd::ByDepth;
  void pack(int64_t row, int64_t rows, int64_t p, int64_t count, float* panels) const {
    // Few enough points that their pixels stay in L1 while panel after panel takes its elements.
    const int64_t few = simd::divide_up(1 << 12, grid.stride_w * image.channels);
    for_each_row(grid, p, count, few, [&](const Point& point, int64_t points, int64_t q) {
      for (int64_t i = 0; i < rows; i += simd::kMr) {
        float* panel = panels + simd::panel_at<Layout>(i);
        copy(point, points, row + i, least(simd::kMr, rows - i), panel + q * simd::kMr, simd::kMr);
      }
    });
  }
};

// The filter seen backwards: element (tap, f) of the sum, input channel c of the result.
struct TurnedFilter {
  const float* w;  // at the group's first filter
  const Tap* taps;
  int64_t group_channels, filters, group_filters;

  void pack(int64_t col, int64_t cols, int64_t p, int64_t count, float* panel) const {
    int64_t tap = p / group_filters, f = p % group_filters;
    for (int64_t at = 0; at < count; ++tap, f = 0) {
      const int64_t steps = least(group_filters - f, count - at);
      simd::pack_turned(w + (taps[tap].filter * group_channels + col) * filters + f, filters, cols, steps,
                        panel + at * simd::kNr);
      at += steps;
    }
  }
};

}  // namespace
}  // namespace lb
