// Double-precision halves of a float vector, for the few functions whose intermediate results do not fit in
// 24 bits (argument reduction of sin, the logarithm inside pow). See simd.h for the unnamed namespace.
#pragma once
#include "simd.h"

// Index lists for __builtin_shufflevector, which wants literal constants.
#if LB_LANES == 16
  #define LB_LOW 0, 1, 2, 3, 4, 5, 6, 7
  #define LB_HIGH 8, 9, 10, 11, 12, 13, 14, 15
#elif LB_LANES == 8
  #define LB_LOW 0, 1, 2, 3
  #define LB_HIGH 4, 5, 6, 7
#else
  #define LB_LOW 0, 1
  #define LB_HIGH 2, 3
#endif

namespace lb::simd {
namespace {

// Same number of bytes as vf, half as many lanes.
typedef double vd __attribute__((vector_size(4 * LB_LANES)));
typedef uint64_t vul __attribute__((vector_size(4 * LB_LANES)));
typedef float vf_half __attribute__((vector_size(2 * LB_LANES)));
typedef int32_t vi_half __attribute__((vector_size(2 * LB_LANES)));

LB_INLINE vd splat(double x) {
  return x - vd{};
}
LB_INLINE vd low_half(vf x) {
  return __builtin_convertvector(__builtin_shufflevector(x, x, LB_LOW), vd);
}
LB_INLINE vd high_half(vf x) {
  return __builtin_convertvector(__builtin_shufflevector(x, x, LB_HIGH), vd);
}

// Rounds to float once, so denormals and overflow come out right.
LB_INLINE vf narrow(vd low, vd high) {
  const vf_half a = __builtin_convertvector(low, vf_half), b = __builtin_convertvector(high, vf_half);
  return __builtin_shufflevector(a, b, LB_LOW, LB_HIGH);
}
LB_INLINE vi narrow_int(vd low, vd high) {
  const vi_half a = __builtin_convertvector(low, vi_half), b = __builtin_convertvector(high, vi_half);
  return __builtin_shufflevector(a, b, LB_LOW, LB_HIGH);
}

// Adding 1.5 * 2^52 pushes the fraction out of the significand: the sum's low bits hold round(x) as an
// integer (|x| < 2^51), and subtracting the constant again gives round(x) as a double.
constexpr double kRoundShift = 0x1.8p52;

}  // namespace
}  // namespace lb::simd
