// Values in another dtype. To integers: truncated towards zero and saturated, NaN becomes 0; to bool: whether
// not 0.
#include "../cpu/unary.h"

namespace {

// Through double, which holds every float and every int32.
template <class To>
To convert(double x, double low, double high) {
  return static_cast<To>(x != x ? 0.0 : x < low ? low : x > high ? high : x);
}

template <class From>
void cast(landbridge::Call& call) {
  switch (call.out(0).dtype) {
    case LB_DTYPE_float32:
      return lb::each<From, float>(call, [](From x) { return static_cast<float>(x); });
    case LB_DTYPE_int32:
      return lb::each<From, int32_t>(
          call, [](From x) { return convert<int32_t>(static_cast<double>(x), -2147483648.0, 2147483647.0); });
    case LB_DTYPE_uint8:
      return lb::each<From, uint8_t>(
          call, [](From x) { return convert<uint8_t>(static_cast<double>(x), 0.0, 255.0); });
    case LB_DTYPE_bool:
      return lb::each<From, uint8_t>(call, [](From x) { return static_cast<uint8_t>(x != 0); });
    default:
      call.fail("expected an output of dtype float32, int32, uint8 or bool");
  }
}

}  // namespace

LANDBRIDGE_KERNEL(cast, cpu, float32) {
  cast<float>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, int32) {
  cast<int32_t>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, uint8) {
  cast<uint8_t>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, bool) {
  cast<uint8_t>(call);
}
