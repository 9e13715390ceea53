// exp and logarithm families in single precision.
//
// The polynomials are minimax fits of relative error (Lawson's iteratively reweighted least squares on
// Chebyshev nodes, double precision, rounded to float); the figure beside each is the error after rounding.
#pragma once
#include "simd.h"

namespace lb::simd {
namespace {

// ln 2 as the sum of a 14-bit head, whose product with any exponent is exact, and the rest (Cody & Waite).
constexpr float kLn2High = 0x1.62ep-1f;
constexpr float kLn2Low = 0x1.0bfbe8p-15f;
constexpr float kLog2E = 1.44269504f;
constexpr float kRoundShiftF = 0x1.8p23f;  // see kRoundShift in simd_double.h

// 2^n for -127 <= n <= 127 (2^-127 comes out as 0).
LB_INLINE vf pow2(vi n) {
  return from_bits(wrapping_add(n, splat(127)) << 23);
}

// x = n ln2 + r with |r| <= ln2 / 2.
struct ExpReduction {
  vi n;
  vf r;
};
LB_INLINE ExpReduction reduce_exp(vf x) {
  const vf shifted = x * kLog2E + kRoundShiftF;
  const vf n = shifted - kRoundShiftF;
  const vf r = (x - n * kLn2High) - n * kLn2Low;
  return {wrapping_sub(bits(shifted), bits(splat(kRoundShiftF))), r};
}

// e^r - 1 on |r| <= ln2 / 2 as r + r^2 q(r); 2^-25.7.
LB_INLINE vf expm1_reduced(vf r) {
  vf q = splat(0x1.6beb24p-10f);
  q = q * r + 0x1.122dp-7f;
  q = q * r + 0x1.55568p-5f;
  q = q * r + 0x1.5554aap-3f;
  q = q * r + 0x1.fffffep-2f;
  return r + (r * r) * q;
}

// Beyond the clamped range the result is 0 or inf in any case. The power of two is applied in two factors
// because 2^128 and 2^-150, which still meet in-range results, are not normal floats.
LB_INLINE vf exp(vf x) {
  const ExpReduction e = reduce_exp(clamp(x, -104.0f, 89.0f));
  const vi half = e.n >> 1;
  return (1.0f + expm1_reduced(e.r)) * pow2(half) * pow2(wrapping_sub(e.n, half));
}

// e^x - 1 without cancellation: 2 (s (e^r - 1) + (s - 1/2)) with s = 2^(n-1), which stays finite for n = 128.
// Tiny x is returned as it is: halving would lose the last bit of a denormal.
LB_INLINE vf expm1(vf x) {
  const ExpReduction e = reduce_exp(clamp(x, -18.0f, 89.0f));
  const vf s = pow2(wrapping_sub(e.n, splat(1)));
  const vf y = 2.0f * (s * expm1_reduced(e.r) + (s - 0.5f));
  return abs(x) < 0x1p-26f ? x : y;
}

// x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for positive finite x.
struct LogReduction {
  vi k;
  vf f;
};
LB_INLINE LogReduction reduce_log(vf x) {
  const vi denormal = x < 0x1p-126f;
  const vi b = bits(denormal ? x * 0x1p25f : x);
  const vi root_half = bits(splat(0x1.6a09e6p-1f));
  const vi above = wrapping_sub(b, root_half);  // its exponent field counts the powers of two above sqrt(1/2)
  const vi k = (above >> 23) - (denormal & 25);
  return {k, from_bits((above & 0x7fffff) + root_half) - 1.0f};
}

// k ln2 + ln(1 + f), small terms first; ln(1 + f) = f - f^2/2 + f^3 p(f), 2^-28.2.
LB_INLINE vf log_reduced(vi exponent, vf f) {
  vf p = splat(0x1.1457a8p-4f);
  p = p * f - 0x1.de3c16p-4f;
  p = p * f + 0x1.e6f06ap-4f;
  p = p * f - 0x1.fc2208p-4f;
  p = p * f + 0x1.233768p-3f;
  p = p * f - 0x1.555c4ep-3f;
  p = p * f + 0x1.99a4b6p-3f;
  p = p * f - 0x1.000006p-2f;
  p = p * f + 0x1.555548p-2f;
  const vf k = to_float(exponent), square = f * f;
  const vf small = (f * square * p + k * kLn2Low) - 0.5f * square;
  return (f + small) + k * kLn2High;
}

// log(0) = -inf, log(inf) = inf, NaN for NaN and below zero.
LB_INLINE vf log(vf x) {
  const LogReduction e = reduce_log(x);
  const vf special = select(x == 0.0f, splat(-kInf), select(x > 0.0f, x, splat(kNaN)));
  return ((x > 0.0f) & (x < kInf)) ? log_reduced(e.k, e.f) : special;
}

// 1 + x rounds to u; c is what the rounding lost (exact, Knuth's two-sum for ordered operands). Scaled by
// 2^-k it belongs to f: then for x near 0, where k = 0, f is x itself and nothing cancels.
LB_INLINE vf log1p(vf x) {
  const vf u = 1.0f + x;
  const vf c = x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
  const LogReduction e = reduce_log(u);
  const vf special = select(x == -1.0f, splat(-kInf), select(x > 0.0f, x, splat(kNaN)));
  const vf rest = c * pow2(-(e.k > 127 ? splat(127) : e.k));
  const vf y = ((x > -1.0f) & (x < kInf)) ? log_reduced(e.k, e.f + rest) : special;
  return abs(x) < 0x1p-26f ? x : y;
}

}  // namespace
}  // namespace lb::simd
