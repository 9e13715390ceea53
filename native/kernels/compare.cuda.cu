// Comparisons of two broadcast operands, the larger and smaller of them, and logic on bools.
#include "../cuda/elementwise.h"

// clang-format off
#define COMPARE(name, dtype, T, expression) \
  LANDBRIDGE_KERNEL(name, cuda, dtype, strided) { \
    landbridge::cuda::zip<uint8_t, T, T>(call, [] __device__(T a, T b) { return static_cast<uint8_t>(expression); }); \
  }
#define SELECT(name, dtype, T, expression) \
  LANDBRIDGE_KERNEL(name, cuda, dtype, strided) { \
    landbridge::cuda::zip<T, T, T>(call, [] __device__(T a, T b) { return expression; }); \
  }
#define EACH(macro, name, expression) \
  macro(name, float32, float, expression) \
  macro(name, int32, int32_t, expression) \
  macro(name, uint8, uint8_t, expression)
#define COMPARE_EACH(name, expression) \
  EACH(COMPARE, name, expression) \
  COMPARE(name, bool, uint8_t, expression)
// clang-format on

COMPARE_EACH(equal, a == b)
COMPARE_EACH(notEqual, a != b)
COMPARE_EACH(greater, a > b)
COMPARE_EACH(greaterEqual, a >= b)
COMPARE_EACH(less, a < b)
COMPARE_EACH(lessEqual, a <= b)
EACH(SELECT, maximum, a > b || a != a ? a : b)
EACH(SELECT, minimum, a < b || a != a ? a : b)

COMPARE(logicalAnd, bool, uint8_t, a& b)
COMPARE(logicalOr, bool, uint8_t, a | b)
COMPARE(logicalXor, bool, uint8_t, a ^ b)
LANDBRIDGE_KERNEL(logicalNot, cuda, bool) {
  landbridge::cuda::map<uint8_t, uint8_t>(call,
                                          [] __device__(uint8_t x) { return static_cast<uint8_t>(x == 0); });
}
