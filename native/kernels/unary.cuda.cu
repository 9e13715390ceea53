// Elementary functions of one operand: CUDA's own, which stay within 4 units in the last place and treat
// zeros, infinities, NaN and denormals as the C library does.
#include "../cuda/elementwise.h"

#define UNARY(name, expression)                                                               \
  LANDBRIDGE_KERNEL(name, cuda, float32) {                                                    \
    landbridge::cuda::map<float, float>(call, [] __device__(float x) { return expression; }); \
  }
#define PREDICATE(name, expression)                                                 \
  LANDBRIDGE_KERNEL(name, cuda, float32) {                                          \
    landbridge::cuda::map<uint8_t, float>(                                          \
        call, [] __device__(float x) { return static_cast<uint8_t>(expression); }); \
  }

UNARY(neg, -x)
UNARY(abs, fabsf(x))
// NaN and zeros are neither above nor below: they are their own sign.
UNARY(sign, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x)
UNARY(square, x* x)
UNARY(reciprocal, 1.0f / x)
UNARY(sqrt, sqrtf(x))
UNARY(rsqrt, 1.0f / sqrtf(x))
UNARY(floor, floorf(x))
UNARY(ceil, ceilf(x))
UNARY(round, rintf(x))

UNARY(exp, expf(x))
UNARY(expm1, expm1f(x))
UNARY(log, logf(x))
UNARY(log1p, log1pf(x))
UNARY(erf, erff(x))

UNARY(sin, sinf(x))
UNARY(cos, cosf(x))
UNARY(tan, tanf(x))
UNARY(asin, asinf(x))
UNARY(acos, acosf(x))
UNARY(atan, atanf(x))
UNARY(sinh, sinhf(x))
UNARY(cosh, coshf(x))

PREDICATE(isNaN, x != x)
PREDICATE(isFinite, x - x == 0.0f)

// Unsigned, where −(−2³¹) is defined: it stays −2³¹, as in typed arrays.
LANDBRIDGE_KERNEL(neg, cuda, int32) {
  landbridge::cuda::map<uint32_t, uint32_t>(call, [] __device__(uint32_t x) { return 0u - x; });
}
LANDBRIDGE_KERNEL(abs, cuda, int32) {
  landbridge::cuda::map<uint32_t, uint32_t>(call,
                                            [] __device__(uint32_t x) { return x >> 31 != 0 ? 0u - x : x; });
}
