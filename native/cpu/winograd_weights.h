// The filter's side of a Winograd convolution: panels of transformed filters, from w as it lies or turned
// round for the input's gradient.
#pragma once
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

// Steps [begin, end) of the panel's columns. taps(tap) points at the kNr values of step `begin`, of which
// `columns` exist; the next step's are `step` further.
template <class Taps>
inline void transform_steps(const Taps& taps, int64_t step, int64_t columns, int64_t begin, int64_t end,
                            float* panel, int64_t plane) {
  for (int64_t k = begin; k < end; k++) {
    for (int64_t v = 0; v < columns; v += kLanes) {
      const int64_t lanes = least(kLanes, columns - v), offset = (k - begin) * step + v;
      float* to = panel + k * kNr + v;
      auto write = [&](int i, int j, vf value) { store(to + (i * kIn + j) * plane, value); };
      if (lanes == kLanes) {
        transform_2d<FilterTransform>([&](int i, int j) { return load(taps(i * kTaps + j) + offset); },
                                      write);
      } else {
        transform_2d<FilterTransform>([&](int i, int j) { return load(taps(i * kTaps + j) + offset, lanes); },
                                      write);
      }
    }
  }
}

#define LB_ZIP_4(L, s) s, s + L, s + 1, s + 1 + L
#define LB_ZIP_8(L, s) LB_ZIP_4(L, s), LB_ZIP_4(L, s + 2)
#define LB_ZIP_16(L, s) LB_ZIP_8(L, s), LB_ZIP_8(L, s + 4)
// The lanes of a and b in turn: the lower halves, and the upper halves.
LB_INLINE void zip(vf a, vf b, vf& low, vf& high) {
#if LB_LANES == 16
  low = __builtin_shufflevector(a, b, LB_ZIP_16(16, 0));
  high = __builtin_shufflevector(a, b, LB_ZIP_16(16, 8));
#elif LB_LANES == 8
  low = __builtin_shufflevector(a, b, LB_ZIP_8(8, 0));
  high = __builtin_shufflevector(a, b, LB_ZIP_8(8, 4));
#else
  low = __builtin_shufflevector(a, b, LB_ZIP_4(4, 0));
  high = __builtin_shufflevector(a, b, LB_ZIP_4(4, 2));
#endif
}

// A square of kLanes x kLanes. One round of zips moves the top bit of (row, lane) to the end; after as many
// rounds as a lane's number has bits, rows and lanes have changed places.
LB_INLINE void transpose(vf (&rows)[kLanes]) {
  for (int round = 1; round < kLanes; round *= 2) {
    vf next[kLanes];
#pragma GCC unroll 8
    for (int i = 0; i < kLanes / 2; i++) zip(rows[i], rows[i + kLanes / 2], next[2 * i], next[2 * i + 1]);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) rows[i] = next[i];
  }
}

// kLanes filters from `filter` on of one tap, as rows of kNr channels from `channel` on.
inline void turn_tap(const Weights& w, int tap, int64_t channel, int64_t filter, float* to) {
  const float* from = w.w + (tap * w.channels + channel) * w.filters + filter;
  const int64_t lanes = least(kLanes, w.filters - filter);
  for (int64_t v = 0; v < kNr; v += kLanes) {
    vf rows[kLanes];
    for (int64_t i = 0; i < kLanes; i++) {
      const float* p = from + (v + i) * w.filters;
      rows[i] = channel + v + i >= w.channels ? vf{} : lanes == kLanes ? load(p) : load(p, lanes);
    }
    transpose(rows);
    for (int64_t i = 0; i < kLanes; i++) store(to + i * kNr + v, rows[i]);
  }
}

// Steps [begin, end) of the panel of columns from `column` on; begin is a multiple of kLanes.
inline void transform_weights(const Weights& w, int64_t column, int64_t begin, int64_t end, float* panel) {
  const int64_t columns = least(kNr, w.columns() - column), plane = panel_plane(w);
  if (!w.transposed) {
    const float* base = w.w + begin * w.filters + column;
    auto taps = [&](int tap) { return base + tap * w.channels * w.filters; };
    return transform_steps(taps, w.filters, columns, begin, end, panel, plane);
  }
  for (int64_t k = begin; k < end; k += kLanes) {
    alignas(64) float turned[9][kLanes * kNr];
    for (int tap = 0; tap < 9; tap++) turn_tap(w, 8 - tap, column, k, turned[tap]);
    auto taps = [&](int tap) { return turned[tap]; };
    transform_steps(taps, kNr, round_up(columns, kLanes), k, least(k + kLanes, end), panel, plane);
  }
}

}  // namespace
}  // namespace lb::simd
