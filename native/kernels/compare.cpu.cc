// Comparisons of two broadcast operands, and the larger and smaller of them.
#include "../cpu/elementwise.h"

// clang-format off
#define COMPARE(name, dtype, T, expression) \
  LANDBRIDGE_KERNEL(name, cpu, dtype, strided) { \
    lb::binary<T, uint8_t>(call, [](T a, T b) { return static_cast<uint8_t>(expression); }); \
  }
#define SELECT(name, dtype, T, expression) \
  LANDBRIDGE_KERNEL(name, cpu, dtype, strided) { \
    lb::binary<T, T>(call, [](T a, T b) { return expression; }); \
  }
#define EACH(macro, name, expression) \
  macro(name, float32, float, expression) \
  macro(name, int32, int32_t, expression) \
  macro(name, uint8, uint8_t, expression)
// clang-format on

EACH(COMPARE, greaterEqual, a >= b)
EACH(SELECT, maximum, a > b || a != a ? a : b)
