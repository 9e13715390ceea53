// k(D) = Σ_s exp(−D/s) and its slope for vectors of squared distances, with the bandwidth scaled to 1.
#pragma once
#include "math_exp.h"

namespace lb::simd {
namespace {

constexpr int kMaxScales = 16;

// 2^t for t ≤ 0, to 2^-24; 0 from −127 on. The polynomial is a minimax fit as in math_exp.h, 1 + r·q(r) on
// |r| ≤ ½ to 2^-25.9, so that 2^0 is exactly 1. The exponent is added to the bits of the polynomial.
LB_INLINE vf exp2_negative(vf t) {
  t = t > -127.0f ? t : splat(-127.0f);
  const vf shifted = t + kRoundShiftF;
  const vf r = t - (shifted - kRoundShiftF);
  vf q = splat(0x1.41fbbcp-13f);
  q = q * r + 0x1.5f3e54p-10f;
  q = q * r + 0x1.3b2d4cp-7f;
  q = q * r + 0x1.c6aee8p-5f;
  q = q * r + 0x1.ebfbdcp-3f;
  q = q * r + 0x1.62e43p-1f;
  const vf p = q * r + 1.0f;
  return from_bits((vi)((vu)bits(p) + ((vu)bits(shifted) << 23)));
}

// The scales, ready for evaluation. Exponents are t = −D·log2(e)·`exponent`.
struct KernelSum {
  int scales;
  bool powers;           // each scale is twice another: one exponential, then squarings
  float exponent;        // 1/(largest scale) with `powers`, else 1
  double slope;          // what the slope that the functors below return is to be multiplied by: −slope = k'
  float inverse[kMaxScales];  // 1/s; read without `powers` only

  // scale(i) gives the i-th of `count` positive scales.
  template <class F>
  KernelSum(int count, F scale) : scales(count) {
    double sorted[kMaxScales];
    for (int i = 0; i < count; ++i) {
      const double s = scale(i);
      inverse[i] = static_cast<float>(1 / s);
      int place = i;
      for (; place > 0 && sorted[place - 1] > s; --place) sorted[place] = sorted[place - 1];
      sorted[place] = s;
    }
    powers = true;
    for (int i = 1; i < count; ++i) powers = powers && sorted[i] == 2 * sorted[i - 1];
    slope = powers ? 1 / sorted[count - 1] : 1;
    exponent = static_cast<float>(slope);
  }
};

// Adds the kernels to k and their slopes, divided by KernelSum::slope, to w. Count == 0: as many as there
// are.
template <int Count>
struct PowersOfTwo {
  int count;
  explicit PowersOfTwo(const KernelSum& kernel) : count(kernel.scales) {}

  LB_INLINE void operator()(vf t, vf& k, vf& w) const {
    vf e = exp2_negative(t);
    k = w = e;
    float factor = 2;
#pragma GCC unroll 8
    for (int s = 1; s < (Count > 0 ? Count : count); ++s, factor *= 2) {
      e *= e;
      k += e;
      w += factor * e;
    }
  }
};

struct AnyScales {
  const KernelSum& kernel;

  LB_INLINE void operator()(vf t, vf& k, vf& w) const {
    k = w = vf{};
    for (int s = 0; s < kernel.scales; ++s) {
      const vf e = exp2_negative(t * kernel.inverse[s]);
      k += e;
      w += kernel.inverse[s] * e;
    }
  }
};

// Calls f with the functor for these scales.
template <class F>
LB_INLINE void with_scales(const KernelSum& kernel, F f) {
  if (!kernel.powers) return f(AnyScales{kernel});
  if (kernel.scales == 5) return f(PowersOfTwo<5>(kernel));  // the default
  f(PowersOfTwo<0>(kernel));
}

}  // namespace
}  // namespace lb::simd
