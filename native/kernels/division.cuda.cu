// Division with remainder, rounded down: quotient and remainder as in Python, and the angle of a point.
#include "../cuda/elementwise.h"

namespace {

// The remainder has the divisor's sign, a zero remainder too. `fmodf` is exact.
__device__ float remainder_of(float a, float b) {
  const float r = fmodf(a, b);
  if (r == 0.0f) return copysignf(0.0f, b);
  return (r < 0.0f) != (b < 0.0f) ? r + b : r;
}

// ⌊a/b⌋ of the exact quotient: a − remainder is a multiple of b up to rounding, which the nearest integer
// undoes.
__device__ float quotient_of(float a, float b) {
  if (b == 0.0f) return a / b;
  const float r = fmodf(a, b);
  float quotient = (a - r) / b;
  if (r != 0.0f && (r < 0.0f) != (b < 0.0f)) quotient -= 1.0f;
  if (quotient == 0.0f) return copysignf(0.0f, a / b);
  const float down = floorf(quotient);
  return quotient - down > 0.5f ? down + 1.0f : down;
}

// Integers know no infinity: division by 0 gives 0. −2³¹/−1 wraps around, like every overflow.
__device__ int32_t quotient_of(int32_t a, int32_t b) {
  if (b == 0) return 0;
  if (b == -1) return static_cast<int32_t>(0u - static_cast<uint32_t>(a));
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
__device__ int32_t remainder_of(int32_t a, int32_t b) {
  if (b == 0 || b == -1) return 0;
  const int32_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

__device__ uint8_t quotient_of(uint8_t a, uint8_t b) {
  return b == 0 ? 0 : static_cast<uint8_t>(a / b);
}
__device__ uint8_t remainder_of(uint8_t a, uint8_t b) {
  return b == 0 ? 0 : static_cast<uint8_t>(a % b);
}

}  // namespace

// clang-format off
#define BINARY(name, dtype, T, function) \
  LANDBRIDGE_KERNEL(name, cuda, dtype, strided) { \
    landbridge::cuda::zip<T, T, T>(call, [] __device__(T a, T b) { return function(a, b); }); \
  }
#define BINARY_EACH(name, function) \
  BINARY(name, float32, float, function) \
  BINARY(name, int32, int32_t, function) \
  BINARY(name, uint8, uint8_t, function)
// clang-format on

BINARY_EACH(floorDiv, quotient_of)
BINARY_EACH(mod, remainder_of)
BINARY(atan2, float32, float, atan2f)
