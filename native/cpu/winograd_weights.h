// The filter's side of a Winograd convolution: panels of transformed filters, from w as it lies or turned
// round for the input's gradient.
#pragma once
#include "transpose.h"
#include "winograd_tiles.h"

namespace lb::simd {
namespace {

// w[3, 3, channels, filters]. Transposed: the filter that takes dy to dx, rotated by half a turn, with the
// roles of channels and filters exchanged.
struct Weights {
  const float* w;
  int64_t channels, filters;
  bool transposed;
  int64_t depth() const { return transposed ? filters : channels; }
  int64_t columns() const { return transposed ? channels : filters; }
};

// A panel holds, for each of the 36 points, kNr columns for each step along the depth.
LB_INLINE int64_t panel_plane(const Weights& w) {
  return skew(w.depth() * kNr);
}

// The taps of kLanes steps, kNr columns each. The filters are copied here tap by tap, because the nine taps
// of a step lie powers of two apart more often than not, in one cache set.
using TapBlock = float[kTaps * kTaps][kLanes * kNr];

// Transforms `steps` steps; `columns` is a multiple of kLanes.
inline void transform_block(const TapBlock& taps, int64_t steps, int64_t columns, float* to, int64_t plane) {
  for (int64_t k = 0; k < steps; k++) {
    for (int64_t v = 0; v < columns; v += kLanes) {
      const int64_t at = k * kNr + v;
      transform_2d<FilterTransform>([&](int i, int j) { return load(taps[i * kTaps + j] + at); },
                                    [&](int i, int j, vf u) { store(to + (i * kIn + j) * plane + at, u); });
    }
  }
}

// `rows` rows of a tap, `ld` apart, of which `columns` values exist.
inline void copy_tap(const float* from, int64_t ld, int64_t rows, int64_t columns, float* to) {
  for (int64_t i = 0; i < rows; i++, from += ld, to += kNr) {
    for (int64_t v = 0; v < columns; v += kLanes) {
      const int64_t lanes = least(kLanes, columns - v);
      store(to + v, lanes == kLanes ? load(from + v) : load(from + v, lanes));
    }
  }
}

// kNr rows of a tap, `ld` apart, become columns: `rows` rows and, in each, `values` of at most kLanes exist.
inline void turn_tap(const float* from, int64_t ld, int64_t rows, int64_t values, float* to) {
  for (int64_t v = 0; v < rows; v += kLanes) {
    vf square[kLanes] = {};
    for (int64_t i = 0; i < least(kLanes, rows - v); i++) {
      const float* p = from + (v + i) * ld;
      square[i] = values == kLanes ? load(p) : load(p, values);
    }
    transpose(square);
    for (int64_t i = 0; i < kLanes; i++) store(to + i * kNr + v, square[i]);
  }
}

// Steps [begin, end) of the panel of columns from `column` on.
inline void transform_weights(const Weights& w, int64_t column, int64_t begin, int64_t end, float* panel) {
  const int64_t columns = least(kNr, w.columns() - column);
  for (int64_t k = begin; k < end; k += kLanes) {
    alignas(64) TapBlock taps;
    const int64_t steps = least(kLanes, end - k);
    for (int tap = 0; tap < kTaps * kTaps; tap++) {
      const float* from = w.w + tap * w.channels * w.filters;
      if (w.transposed) {
        turn_tap(from + column * w.filters + k, w.filters, columns, steps, taps[kTaps * kTaps - 1 - tap]);
      } else {
        copy_tap(from + k * w.filters + column, w.filters, steps, columns, taps[tap]);
      }
    }
    transform_block(taps, steps, round_up(columns, kLanes), panel + k * kNr, panel_plane(w));
  }
}

}  // namespace
}  // namespace lb::simd
