// sin, cos and tan in single precision.
#pragma once
#include "simd_double.h"

namespace lb::simd {
namespace {

// x = n pi/2 + r, |r| <= pi/4, reduced in double with pi/2 in two parts (Cody & Waite): the head has 33 bits,
// so its product with n is exact below 2^20, and r keeps full float precision even beside a multiple of pi/2.
constexpr double kHalfPiHigh = 0x1.921fb544p+0;
constexpr double kHalfPiLow = 0x1.0b4611a626331p-34;
constexpr double kTwoOverPi = 0.63661977236758134308;
constexpr float kTrigLimit = 1e6f;  // beyond, lanes go to the C library one by one

struct TrigReduction {
  vi quadrant;  // n; only its last two bits matter
  vf r;
};
LB_INLINE vd nearest_quadrant(vd x) {
  return (x * kTwoOverPi + kRoundShift) - kRoundShift;
}
LB_INLINE vd subtract_quadrants(vd x, vd n) {
  return (x - n * kHalfPiHigh) - n * kHalfPiLow;
}
LB_INLINE TrigReduction reduce_trig(vf x) {
  const vd low = low_half(x), high = high_half(x);
  const vd n_low = nearest_quadrant(low), n_high = nearest_quadrant(high);
  return {narrow_int(n_low, n_high),
          narrow(subtract_quadrants(low, n_low), subtract_quadrants(high, n_high))};
}

// sin r and cos r on |r| <= pi/4, minimax in z = r^2 (2^-27.4, 2^-31).
LB_INLINE vf sin_reduced(vf r) {
  const vf z = r * r;
  vf p = splat(-0x1.994cfap-13f);
  p = p * z + 0x1.11075cp-7f;
  p = p * z - 0x1.555546p-3f;
  return r + r * (z * p);
}
LB_INLINE vf cos_reduced(vf r) {
  const vf z = r * r;
  vf p = splat(0x1.9a00cap-16f);
  p = p * z - 0x1.6c0c86p-10f;
  p = p * z + 0x1.55554ap-5f;
  return (1.0f - 0.5f * z) + (z * z) * p;
}

// Lanes of x beyond the limit (inf included) are recomputed by the scalar function.
template <class Scalar>
[[gnu::noinline, gnu::cold]] vf large_lanes(vf x, vf y, Scalar scalar) {
  for (int i = 0; i < kLanes; i++) {
    if (__builtin_fabsf(x[i]) > kTrigLimit) y[i] = scalar(x[i]);
  }
  return y;
}
template <class Scalar>
LB_INLINE vf fix_large(vf x, vf y, Scalar scalar) {
  return __builtin_expect(any(abs(x) > kTrigLimit), false) ? large_lanes(x, y, scalar) : y;
}

// Odd quadrants swap sine and cosine, the second half of the turn changes the sign.
LB_INLINE vf sin_quadrant(vi n, vf r) {
  const vf y = (n & 1) != 0 ? cos_reduced(r) : sin_reduced(r);
  return from_bits(bits(y) ^ ((n & 2) << 30));
}

// Below 2^-13, x^2/6 is less than half a unit in the last place; this also keeps the sign of -0.
LB_INLINE vf sin(vf x) {
  const TrigReduction t = reduce_trig(x);
  const vf y = abs(x) < 0x1p-13f ? x : sin_quadrant(t.quadrant, t.r);
  return fix_large(x, y, [](float v) { return __builtin_sinf(v); });
}
LB_INLINE vf cos(vf x) {
  const TrigReduction t = reduce_trig(x);
  const vf y = sin_quadrant(t.quadrant + 1, t.r);
  return fix_large(x, y, [](float v) { return __builtin_cosf(v); });
}
LB_INLINE vf tan(vf x) {
  const TrigReduction t = reduce_trig(x);
  const vf s = sin_reduced(t.r), c = cos_reduced(t.r);
  const vi odd = (t.quadrant & 1) != 0;
  const vf y = (odd ? -c : s) / (odd ? s : c);
  return fix_large(x, abs(x) < 0x1p-13f ? x : y, [](float v) { return __builtin_tanf(v); });
}

}  // namespace
}  // namespace lb::simd
