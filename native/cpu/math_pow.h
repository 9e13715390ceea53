// x^y = 2^(y log2 x). The product reaches 150, and its absolute error is the relative error of the result:
// the logarithm needs some 32 bits, so the inside is computed in double precision.
#pragma once
#include "simd_double.h"

namespace lb::simd {
namespace {

// log2 of x > 0; every float, denormals included, is a normal double. With x = 2^k m, sqrt(1/2) <= m <
// sqrt(2), log2 m is odd in s = (m - 1) / (m + 1); minimax in s^2, 2^-43. 0, inf and NaN give -inf, inf and
// NaN.
LB_INLINE vd log2_double(vd x) {
  const vul root_half = (vul)splat(0x1.6a09e667f3bcdp-1);
  // Biased by 1024 the exponent is never negative, so that a logical shift will do (SSE and AVX2 lack the
  // arithmetic one), and OR-ing it into 2^52 converts it to double.
  const vul above = (vul)x - root_half;
  const vul biased = (above + (1024ULL << 52)) >> 52;
  const vd k = (vd)(biased | (vul)splat(0x1p52)) - (0x1p52 + 1024.0);
  const vd m = (vd)((above & ((1ULL << 52) - 1)) + root_half);
  const vd s = (m - 1.0) / (m + 1.0), z = s * s;
  vd p = splat(0x1.21b3509efd5f4p-2);
  p = p * z + 0x1.47952aba98983p-2;
  p = p * z + 0x1.a61a2fdc49d97p-2;
  p = p * z + 0x1.2776c291df07bp-1;
  p = p * z + 0x1.ec709dc53da07p-1;
  p = p * z + 0x1.71547652b8250p+1;
  const vd y = k + s * p;
  return x == 0.0 ? splat(-__builtin_inf()) : (x < __builtin_inf() ? y : x);
}

// 2^t, minimax on the fraction (2^-34.5). Beyond +-300 a float has long been inf or 0.
LB_INLINE vd exp2_double(vd t) {
  t = t < -300.0 ? splat(-300.0) : t;
  t = t > 300.0 ? splat(300.0) : t;
  const vd shifted = t + kRoundShift;
  const vd g = t - (shifted - kRoundShift);
  vd p = splat(0x1.fe17808f0122dp-17);
  p = p * g + 0x1.446a1fea8384bp-13;
  p = p * g + 0x1.5d8a708be8b91p-10;
  p = p * g + 0x1.3b29dc40b736ep-7;
  p = p * g + 0x1.c6b08aaf2a958p-5;
  p = p * g + 0x1.ebfbe0a4bed3dp-3;
  p = p * g + 0x1.62e42ff1162bap-1;
  p = p * g + 0x1.ffffffffabbc0p-1;
  return p * (vd)(((vul)shifted << 52) + (vul)splat(1.0));
}

// Special cases as in C (ISO/IEC 9899 F.10.4.4): x^0 = 1^y = 1 even for NaN, (-1)^±inf = 1, a negative finite
// base with a fractional exponent gives NaN, an odd integer exponent keeps the sign of the base (-0
// included).
LB_INLINE vf pow(vf x, vf y) {
  const vf a = abs(x);
  vf r = narrow(exp2_double(low_half(y) * log2_double(low_half(a))),
                exp2_double(high_half(y) * log2_double(high_half(a))));
  const vf half = 0.5f * y;  // inexact only for the least denormals, which are no integers anyway
  const vi integer = floor(y) == y;
  const vi odd = integer & (floor(half) != half);
  r = ((bits(x) < 0) & odd) ? -r : r;
  r = ((x < 0.0f) & (a < kInf) & ~integer) ? splat(kNaN) : r;
  return ((y == 0.0f) | (x == 1.0f) | ((a == 1.0f) & (abs(y) == kInf))) ? splat(1.0f) : r;
}

}  // namespace
}  // namespace lb::simd
