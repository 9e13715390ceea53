// Convolution as a matrix product whose operand is never stored: patches of the image are copied straight
// into the panels that the micro-kernel reads (implicit GEMM).
//
#pragma once

#include "conv2d_taps.h"
#include "gemm_pool.h"

namespace lb {
namespace {

struct Patches {
  Grid grid;
  Image image;
  const Run* runs;
  int64_t run_count;
  int64_t depth;  // elements of one patch

  int64_t run_at(int64_t p) const {
    int64_t r = 0;
    while (r + 1 < run_count && runs[r + 1].begin <= p) ++r;
    return r;
  }

  // Calls f(source, count, at) for the stretches of elements [p, p + depth) of one patch, in order; source is
  // null for zeros, `at` counts from p.
  template <class F>
  LB_INLINE void stretches(const Point& point, int64_t first_run, int64_t p, int64_t count, F f) const {
    const int64_t width = image.width * image.channels;
    const int64_t row0 = point.i * grid.stride_h, start0 = point.j * grid.stride_w * image.channels;
    for (int64_t r = first_run, at = 0; at < count; ++r) {
      const Run& run = runs[r];
      const int64_t skip = p + at - run.begin, length = least(run.length - skip, count - at);
      const int64_t y = row0 + run.row, start = start0 + run.start + skip;
      if (y < 0 || y >= image.height || start >= width || start + length <= 0) {
        f(nullptr, length, at);
      } else {
        const int64_t before = start < 0 ? -start : 0,
                      after = start + length > width ? start + length - width : 0;
        const float* row = image.data + (point.image * image.height + y) * width;
        if (before > 0) f(nullptr, before, at);
        f(row + start + before, length - before - after, at + before);
        if (after > 0) f(nullptr, after, at + length - after);
      }
      at += length;
    }
  }
};

// Copies `rows` stretches of `length` floats.
inline void copy_rows(const float* from, int64_t from_step, int64_t rows, int64_t length, float* to,
                      int64_t to_step) {
  const int64_t whole = length / simd::kLanes * simd::kLanes, rest = length - whole;
  for (int64_t r = 0; r < rows; ++r, from += from_step, to += to_step) {
    for (int64_t i = 0; i < whole; i += simd::kLanes) simd::store(to + i, simd::load(from + i));
    if (rest > 0) simd::store(to + whole, simd::load(from + whole, rest), rest);
  }
}

// Patches as rows of A.
struct PatchRows : Patches {
  using Layout = simd::ByRow;
  void pack(int64_t row, int64_t rows, int64_t p, int64_t count, float* panels) const {
    const int64_t first = run_at(p);
    for (int64_t r = 0; r < rows;) {
      const Point point(grid, row + r);
      const int64_t points = least(grid.columns - point.j, rows - r);
      for (int64_t q = first, at = 0; at < count; ++q) {
        const int64_t skip = p + at - runs[q].begin, length = least(runs[q].length - skip, count - at);
        pack_run(point, points, runs[q], skip, length, panels + r * Layout::kRow + at);
        at += length;
      }
      r += points;
    }
  }

  // One run of neighbouring points of a grid row: those whose stretch lies wholly inside are the rule.
  void pack_run(const Point& point, int64_t points, const Run& run, int64_t skip, int64_t length,
                float* to) const {
    const int64_t y = point.i * grid.stride_h + run.row, width = image.width * image.channels;
    const bool inside = y >= 0 && y < image.height;
    const float* row = inside ? image.data + (point.image * image.height + y) * width : nullptr;
    const int64_t step = grid.stride_w * image.channels, start = point.j * step + run.start + skip;
    const int64_t room = width - length - start;  // of the first point, to the right
    const int64_t begin = start >= 0 ? 0 : least(simd::divide_up(-start, step), points);
    const int64_t end = !inside || room < 0 ? begin : least(room / step + 1, points);
    const int64_t last = end > begin ? end : begin;
    for (int64_t u = 0; u < begin; ++u) cut(row, start + u * step, width, length, to + u * Layout::kRow);
    if (last > begin) {
      copy_rows(row + start + begin * step, step, last - begin, length, to + begin * Layout::kRow,
                Layout::kRow);
    }
    for (int64_t u = last; u < points; ++u) cut(row, start + u * step, width, length, to + u * Layout::kRow);
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

// Patches as columns of A: elements of the patch are rows of the product, which sums over grid points.
struct PatchColumns : Patches {
  using Layout = simd::ByDepth;
  void pack(int64_t row, int64_t rows, int64_t p, int64_t count, float* panels) const {
    const int64_t first = run_at(row);
    Point point(grid, p);
    for (int64_t q = 0; q < count; ++q, point.next(grid)) {
      float* to = panels + q * simd::kMr;
      stretches(point, first, row, rows,
                [=](const float* from, int64_t length, int64_t at) { spread(to, from, length, at); });
    }
  }

  // A stretch across panels of kMr elements each.
  LB_INLINE static void spread(float* to, const float* from, int64_t length, int64_t at) {
    constexpr int64_t kPanel = Layout::kPanel;
    float* panel = to + at / simd::kMr * kPanel;
    if (const int64_t lane = at % simd::kMr; lane > 0) {
      const int64_t piece = least(simd::kMr - lane, length);
      place(panel + lane, from, piece);
      from += from != nullptr ? piece : 0, length -= piece, panel += kPanel;
    }
    for (; length >= simd::kMr; length -= simd::kMr, panel += kPanel) {
      place(panel, from, simd::kMr);
      from += from != nullptr ? simd::kMr : 0;
    }
    if (length > 0) place(panel, from, length);
  }
  // At most kMr, which is less than two vectors.
  LB_INLINE static void place(float* to, const float* from, int64_t count) {
    if constexpr (simd::kMr <= simd::kLanes) {
      simd::store(to, from == nullptr ? simd::vf{} : simd::load(from, count), count);
    } else {
      from == nullptr ? simd::zero_run(to, count) : simd::copy_run(to, from, count);
    }
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

// The filter's rows, for a grid whose taps are all of its taps in order.
inline simd::MatrixB filter_matrix(const Convolution& c, const float* w) {
  return {w, c.filters, false};
}

}  // namespace
}  // namespace lb
