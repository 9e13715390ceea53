// k(D) = Σ_s exp(−D/s) and its slope for vectors of squared distances, with the bandwidth scaled to 1.
#pragma once

#include "../core/mmd_scales.h"
#include "math_exp.h"

namespace lb::simd {
namespace {

// The larger and the smaller of both where no NaN is about: one instruction. (The masked forms spare
// us a false warning of GCC 12.)
LB_INLINE vf at_least(vf x, float low) {
#if defined(__AVX512F__)
  return (vf)_mm512_maskz_max_ps(static_cast<__mmask16>(-1), (__m512)x, (__m512)splat(low));
#elif defined(__AVX2__)
  return (vf)_mm256_max_ps((__m256)x, (__m256)splat(low));
#else
  return x > low ? x : splat(low);
#endif
}
LB_INLINE vf at_most(vf x, float high) {
#if defined(__AVX512F__)
  return (vf)_mm512_maskz_min_ps(static_cast<__mmask16>(-1), (__m512)x, (__m512)splat(high));
#elif defined(__AVX2__)
  return (vf)_mm256_min_ps((__m256)x, (__m256)splat(high));
#else
  return x < high ? x : splat(high);
#endif
}

// 2^t for t ≤ 0, to 2^-24; 0 from −127 on. The polynomial is a minimax fit as in math_exp.h, 1 + r·q(r) on
// |r| ≤ ½ to 2^-25.9, so that 2^0 is exactly 1. The exponent is added to the bits of the polynomial.
LB_INLINE vf exp2_negative(vf t) {
  t = at_least(t, -127.0f);
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

// Gives the kernels k and their slopes w, the latter times `factor`. Count == 0: as many as there are.
template <int Count>
struct PowersOfTwo {
  int count;
  float factors[kMaxScales];

  PowersOfTwo(const KernelSum& kernel, float factor) : count(kernel.scales) {
    for (int s = 0; s < count; ++s, factor *= 2) factors[s] = factor;
  }

  LB_INLINE void operator()(vf t, vf& k, vf& w) const {
    vf e = exp2_negative(t);
    k = e;
    w = factors[0] * e;
#pragma GCC unroll 8
    for (int s = 1; s < (Count > 0 ? Count : count); ++s) {
      e *= e;
      k += e;
      w += factors[s] * e;
    }
  }
};

struct AnyScales {
  const KernelSum& kernel;
  float factor;

  LB_INLINE void operator()(vf t, vf& k, vf& w) const {
    k = w = vf{};
    for (int s = 0; s < kernel.scales; ++s) {
      const vf e = exp2_negative(t * kernel.inverse[s]);
      k += e;
      w += (factor * kernel.inverse[s]) * e;
    }
  }
};

// Calls f with the functor for these scales.
template <class F>
LB_INLINE auto with_scales(const KernelSum& kernel, double factor, F f) {
  const float weight = static_cast<float>(factor);
  if (!kernel.powers) return f(AnyScales{kernel, weight});
  if (kernel.scales == 5) return f(PowersOfTwo<5>(kernel, weight));  // the default
  return f(PowersOfTwo<0>(kernel, weight));
}

}  // namespace
}  // namespace lb::simd
