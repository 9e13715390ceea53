// Sums and maxima along one row of floats, which is read from the first-level cache several times.
#pragma once

#include "simd.h"

// Between a lambda's parameters and its body: a call that is not inlined keeps its vectors in memory.
#define LB_INLINED __attribute__((always_inline))

namespace lb {
namespace {

// Calls f(slot, at, lanes) for the vectors of [begin, end), where slot goes through 0 … 3: results that wait
// for each other (a sum, a maximum) are kept in four, for four to be under way. Only the last vector has
// fewer lanes.
template <class F>
LB_INLINE void each_vector(int64_t begin, int64_t end, const F& f) {
  int64_t at = begin;
  for (; at + 4 * simd::kLanes <= end; at += 4 * simd::kLanes) {
#pragma GCC unroll 4
    for (int slot = 0; slot < 4; ++slot) f(slot, at + slot * simd::kLanes, simd::kLanes);
  }
  for (; at + simd::kLanes <= end; at += simd::kLanes) f(0, at, simd::kLanes);
  if (at < end) f(1, at, end - at);
}

// A vector of a row; zeros in the lanes past its end.
LB_INLINE simd::vf load_lanes(const float* p, int64_t lanes) {
  return lanes == simd::kLanes ? simd::load(p) : simd::load(p, lanes);
}
LB_INLINE void store_lanes(float* p, simd::vf v, int64_t lanes) {
  lanes == simd::kLanes ? simd::store(p, v) : simd::store(p, v, lanes);
}
// `rest` in the lanes past the end.
LB_INLINE simd::vf replace_rest(simd::vf v, int64_t lanes, float rest) {
  for (int64_t lane = lanes; lane < simd::kLanes; ++lane) v[lane] = rest;
  return v;
}

// Four vectors that add up what each_vector deals out.
struct Slots {
  simd::vf of[4] = {};
  LB_INLINE simd::vf sum() const { return (of[0] + of[1]) + (of[2] + of[3]); }
};

constexpr int64_t kSumBlock = 4096;  // elements that are summed in float before the sum goes on in double

// Σ f(at, lanes), where f gives a vector with 0 in the lanes past the end.
template <class F>
LB_INLINE double row_sum(int64_t n, const F& f) {
  double sum = 0;
  for (int64_t block = 0; block < n; block += kSumBlock) {
    Slots part;
    each_vector(block, n - block < kSumBlock ? n : block + kSumBlock,
                [&](int slot, int64_t at, int64_t lanes) LB_INLINED { part.of[slot] += f(at, lanes); });
    sum += static_cast<double>(simd::hsum(part.sum()));
  }
  return sum;
}

// The largest value that is a number; −∞ where there is none. NaN shows in the sum of exponentials instead.
LB_INLINE float row_maximum(const float* x, int64_t n) {
  const auto larger = [](simd::vf a, simd::vf b) { return a > b ? a : b; };
  const simd::vf least = simd::splat(-simd::kInf);
  simd::vf m[4] = {least, least, least, least};
  each_vector(0, n, [&](int slot, int64_t at, int64_t lanes) LB_INLINED {
    const simd::vf v = load_lanes(x + at, lanes);
    m[slot] = larger(lanes == simd::kLanes ? v : replace_rest(v, lanes, -simd::kInf), m[slot]);
  });
  return simd::hmax(larger(larger(m[0], m[1]), larger(m[2], m[3])));
}

}  // namespace
}  // namespace lb
