// Arithmetic on two broadcast operands.
#include "../cuda/elementwise.h"

// clang-format off
#define ARITHMETIC(name, dtype, T, expression) \
  LANDBRIDGE_KERNEL(name, cuda, dtype, strided) { \
    landbridge::cuda::zip<T, T, T>(call, [] __device__(T a, T b) { return static_cast<T>(expression); }); \
  }
#define ARITHMETIC_EACH(name, expression) \
  ARITHMETIC(name, float32, float, expression) \
  ARITHMETIC(name, int32, int32_t, expression) \
  ARITHMETIC(name, uint8, uint8_t, expression)
// clang-format on

// Integers wrap around, as typed arrays do: computed as unsigned, where overflow is defined.
namespace {
__device__ float wide(float x) {
  return x;
}
__device__ uint32_t wide(int32_t x) {
  return static_cast<uint32_t>(x);
}
__device__ uint32_t wide(uint8_t x) {
  return x;
}
}  // namespace

ARITHMETIC_EACH(add, wide(a) + wide(b))
ARITHMETIC_EACH(sub, wide(a) - wide(b))
ARITHMETIC_EACH(mul, wide(a) * wide(b))
ARITHMETIC(div, float32, float, a / b)
