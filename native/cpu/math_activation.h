// Functions neural networks use as activations, built on exp and log1p so that neither end cancels.
#pragma once
#include "math_exp.h"

namespace lb::simd {
namespace {

// (e^2a - 1) / (e^2a + 1) with a = |x|; from 9.02 on tanh rounds to 1.
LB_INLINE vf tanh(vf x) {
  const vf t = expm1(2.0f * clamp(abs(x), 0.0f, 10.0f));
  return copysign(t / (t + 2.0f), x);
}

// 1 / (1 + e^-x) for x >= 0, e^x / (1 + e^x) below: the exponential never overflows, and small results keep
// their precision down to the denormals.
LB_INLINE vf sigmoid(vf x) {
  const vf e = exp(-abs(x));
  return (x < 0.0f ? e : splat(1.0f)) / (1.0f + e);
}

// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
LB_INLINE vf softplus(vf x) {
  return (x > 0.0f ? x : splat(0.0f)) + log1p(exp(-abs(x)));
}

// erf(x) / x - 1 in z = x^2 on |x| <= 1; 2^-27.8.
LB_INLINE vf erf_small(vf z) {
  vf p = splat(0x1.496a1ep-14f);
  p = p * z - 0x1.a3f6f8p-11f;
  p = p * z + 0x1.5405b0p-8f;
  p = p * z - 0x1.b7f90cp-6f;
  p = p * z + 0x1.ce2cf8p-4f;
  p = p * z - 0x1.81273ep-2f;
  return p * z + 0x1.06eba8p-3f;
}

// -ln erfc(a) on 1 <= a <= 4, fitted so that the error of erf = 1 - e^-q stays below 2^-28.9.
LB_INLINE vf erf_large(vf a) {
  vf q = splat(-0x1.86de0cp-13f);
  q = q * a + 0x1.825b48p-9f;
  q = q * a - 0x1.65cb9ep-6f;
  q = q * a + 0x1.a65356p-4f;
  q = q * a + 0x1.46bae8p-1f;
  q = q * a + 0x1.2088ecp+0f;
  return q * a + 0x1.661a16p-12f;
}

// Around 0 an odd polynomial; further out 1 - erfc, where erfc <= 0.16 damps the error of the exponential.
// From 3.92 on erf rounds to 1.
LB_INLINE vf erf(vf x) {
  const vf a = abs(x);
  const vf near = x + x * erf_small(x * x);
  const vf far = 1.0f - exp(-erf_large(clamp(a, 0.0f, 4.0f)));
  return a < 1.0f ? near : copysign(far, x);
}

}  // namespace
}  // namespace lb::simd
