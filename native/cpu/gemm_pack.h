// Packing: copies of the operands in the order in which the micro-kernel reads them, so that it streams
// through memory whatever the leading dimensions and transpositions were. A product takes its operands from
// any type with these members, so that a convolution can pack patches of an image instead of a matrix:
//   A:  using Layout = ByRow or ByDepth;
//       void pack(int64_t row, int64_t rows, int64_t p, int64_t depth, float* panels) const;
//   B:  void pack(int64_t col, int64_t cols, int64_t p, int64_t depth, float* panel) const;   (one panel)
#pragma once
#include "gemm_kernel.h"
#include "transpose.h"

namespace lb::simd {
namespace {

LB_INLINE int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
LB_INLINE int64_t divide_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
LB_INLINE int64_t round_up(int64_t a, int64_t b) {
  return divide_up(a, b) * b;
}

// Floats of the panels of A for `rows` rows: a panel keeps its full size whatever the depth is.
template <class Layout>
LB_INLINE int64_t panels_size(int64_t rows) {
  return divide_up(rows, kMr) * Layout::kPanel;
}
// Where the panel that begins with row `row`, a multiple of kMr, lies.
template <class Layout>
LB_INLINE int64_t panel_at(int64_t row) {
  return row / kMr * Layout::kPanel;
}

LB_INLINE void copy_run(float* to, const float* from, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, load(from + i));
  if (i < count) store(to + i, load(from + i, count - i), count - i);
}
LB_INLINE void zero_run(float* to, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, vf{});
  if (i < count) store(to + i, vf{}, count - i);
}

// Rows of `width` (at most kNr) values for each step of k, padded with zeros to kNr.
LB_INLINE void pack_wide(const float* src, int64_t ld, int64_t width, int64_t depth, float* dst) {
  if (width == kNr) {
    for (int64_t p = 0; p < depth; p++, src += ld, dst += kNr) {
#pragma GCC unroll 2
      for (int v = 0; v < kNv; v++) store(dst + v * kLanes, load(src + v * kLanes));
    }
    return;
  }
  const int64_t low = least(width, kLanes), high = width - low;
  for (int64_t p = 0; p < depth; p++, src += ld, dst += kNr) {
    store(dst, load(src, low));
    store(dst + kLanes, high > 0 ? load(src + kLanes, high) : vf{});
  }
}

// The same from a source in which k runs along memory.
inline void pack_turned(const float* src, int64_t ld, int64_t width, int64_t depth, float* dst) {
  for (int64_t p = 0; p < depth; p += kLanes) {
    const int64_t steps = least(kLanes, depth - p);
    for (int64_t w = 0; w < kNr; w += kLanes) {
      const int64_t rows = width - w < 0 ? 0 : least(kLanes, width - w);
      transpose_block(src + w * ld + p, ld, rows, steps, dst + p * kNr + w, kNr);
    }
  }
}

// A matrix with k along memory: rows are copied as they are.
struct RowsOfA {
  using Layout = ByRow;
  const float* data;
  int64_t ld;
  void pack(int64_t row, int64_t rows, int64_t p, int64_t depth, float* panels) const {
    for (int64_t r = 0; r < rows; r++) copy_run(panels + r * ByRow::kRow, data + (row + r) * ld + p, depth);
  }
};

// A matrix stored [k, m]: kMr neighbours for each step of k.
struct ColumnsOfA {
  using Layout = ByDepth;
  const float* data;
  int64_t ld;
  void pack(int64_t row, int64_t rows, int64_t p, int64_t depth, float* panels) const {
    // A few steps at a time: they stay in L1 while panel after panel takes its share.
    constexpr int64_t kFew = 16;
    for (int64_t q = 0; q < depth; q += kFew) {
      for (int64_t i = 0; i < rows; i += kMr) {
        copy_steps(data + (p + q) * ld + row + i, least(kMr, rows - i), least(kFew, depth - q),
                   panels + panel_at<ByDepth>(i) + q * kMr);
      }
    }
  }
  LB_INLINE void copy_steps(const float* from, int64_t width, int64_t steps, float* to) const {
    if (width == kMr && kMr <= kLanes) {
      for (int64_t q = 0; q < steps; q++, from += ld, to += kMr) store(to, load(from, kMr), kMr);
    } else {
      for (int64_t q = 0; q < steps; q++, from += ld, to += kMr) copy_run(to, from, width);
    }
  }
};

// A matrix stored [k, n], or [n, k] when transposed.
struct MatrixB {
  const float* data;
  int64_t ld;
  bool transposed;
  void pack(int64_t col, int64_t cols, int64_t p, int64_t depth, float* panel) const {
    if (transposed) return pack_turned(data + col * ld + p, ld, cols, depth, panel);
    pack_wide(data + p * ld + col, ld, cols, depth, panel);
  }
};

}  // namespace
}  // namespace lb::simd
