// Sums over axes. Params: the mask of reduced axes, and a factor (1/n makes a mean).
#include "../cpu/reduce.h"

namespace {

template <class LaneType, class WideType>
struct Sum {
  using Lane = LaneType;
  using Wide = WideType;
  static constexpr Lane kStart = 0;
  template <class X>
  static X combine(X a, X b) {
    return a + b;
  }
  template <class X>
  static X merge(X a, X b) {
    return a + b;
  }
};

// Lanes of floats over at most 1,024 terms each, totals in double: the error stays far below one rounding per
// term.
using FloatSum = Sum<float, double>;
// Integers wrap around: summed as unsigned, where overflow is defined.
using IntSum = Sum<uint32_t, uint32_t>;

}  // namespace

LANDBRIDGE_KERNEL(sum, cpu, float32) {
  const double factor = call.param(1);
  lb::reduce<FloatSum, float, float>(call, call.integer(0),
                                     [=](double x) { return static_cast<float>(x * factor); });
}

LANDBRIDGE_KERNEL(sum, cpu, int32) {
  lb::reduce<IntSum, int32_t, int32_t>(call, call.integer(0),
                                       [](uint32_t x) { return static_cast<int32_t>(x); });
}
