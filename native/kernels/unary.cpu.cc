// Elementary functions of one float32 operand.
#include "../cpu/unary.h"

using lb::simd::vf;

#define UNARY(name, expression)                       \
  LANDBRIDGE_KERNEL(name, cpu, float32) {             \
    lb::unary(call, [](vf x) { return expression; }); \
  }

UNARY(neg, -x)
UNARY(exp, lb::simd::exp(x))
UNARY(relu, lb::simd::max(x, vf{}))
