// Elementary functions of one operand.
#include "../cpu/unary.h"

using lb::simd::select;
using lb::simd::splat;
using lb::simd::vf;

#define UNARY(name, expression)                       \
  LANDBRIDGE_KERNEL(name, cpu, float32) {             \
    lb::unary(call, [](vf x) { return expression; }); \
  }
// For the rarely used ones: the C library's.
#define UNARY_SCALAR(name, function)                                                         \
  LANDBRIDGE_KERNEL(name, cpu, float32) {                                                    \
    lb::unary(call, [](vf x) { return lb::lanes(x, [](float v) { return function(v); }); }); \
  }
#define PREDICATE(name, expression)                                                           \
  LANDBRIDGE_KERNEL(name, cpu, float32) {                                                     \
    lb::each<float, uint8_t>(call, [](float x) { return static_cast<uint8_t>(expression); }); \
  }

UNARY(neg, -x)
UNARY(abs, lb::simd::abs(x))
// NaN and zeros are neither above nor below: they are their own sign.
UNARY(sign, select(x > 0.0f, splat(1.0f), select(x < 0.0f, splat(-1.0f), x)))
UNARY(square, x* x)
UNARY(reciprocal, 1.0f / x)
UNARY(sqrt, lb::simd::sqrt(x))
UNARY(rsqrt, 1.0f / lb::simd::sqrt(x))
UNARY(floor, lb::simd::floor(x))
UNARY(ceil, lb::simd::ceil(x))
UNARY(round, lb::simd::round(x))

UNARY(exp, lb::simd::exp(x))
UNARY(expm1, lb::simd::expm1(x))
UNARY(log, lb::simd::log(x))
UNARY(log1p, lb::simd::log1p(x))
UNARY(erf, lb::simd::erf(x))

UNARY(sin, lb::simd::sin(x))
UNARY(cos, lb::simd::cos(x))
UNARY(tan, lb::simd::tan(x))
UNARY_SCALAR(asin, __builtin_asinf)
UNARY_SCALAR(acos, __builtin_acosf)
UNARY_SCALAR(atan, __builtin_atanf)
UNARY_SCALAR(sinh, __builtin_sinhf)
UNARY_SCALAR(cosh, __builtin_coshf)

PREDICATE(isNaN, x != x)
PREDICATE(isFinite, x - x == 0.0f)

// Unsigned, where −(−2³¹) is defined: it stays −2³¹, as in typed arrays.
LANDBRIDGE_KERNEL(neg, cpu, int32) {
  lb::each<uint32_t, uint32_t>(call, [](uint32_t x) { return 0u - x; });
}
LANDBRIDGE_KERNEL(abs, cpu, int32) {
  lb::each<uint32_t, uint32_t>(call, [](uint32_t x) { return x >> 31 != 0 ? 0u - x : x; });
}
