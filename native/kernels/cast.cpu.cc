// Values in another dtype. To integers: truncated towards zero and saturated, NaN becomes 0; to bool: whether
// not 0.
#include "../cpu/elementwise.h"

namespace {

template <class To>
To convert(float x, double low, double high) {
  if (x != x) return 0;
  const double wide = static_cast<double>(x);
  return static_cast<To>(wide < low ? low : wide > high ? high : wide);
}

template <class From, class To, class F>
void each(landbridge::Call& call, F f) {
  const From* in = call.in(0).as<const From>();
  To* out = call.out(0).as<To>();
  call.parallel_for(call.out(0).count, lb::kElementGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = f(in[i]);
  });
}

template <class From>
void cast(landbridge::Call& call) {
  switch (call.out(0).dtype) {
    case LB_DTYPE_float32:
      return each<From, float>(call, [](From x) { return static_cast<float>(x); });
    case LB_DTYPE_int32:
      return each<From, int32_t>(
          call, [](From x) { return convert<int32_t>(static_cast<float>(x), -2147483648.0, 2147483647.0); });
    case LB_DTYPE_uint8:
      return each<From, uint8_t>(call,
                                 [](From x) { return convert<uint8_t>(static_cast<float>(x), 0, 255); });
    case LB_DTYPE_bool:
      return each<From, uint8_t>(call, [](From x) { return static_cast<uint8_t>(x != 0); });
    default:
      call.fail("expected an output of dtype float32, int32, uint8 or bool");
  }
}

}  // namespace

LANDBRIDGE_KERNEL(cast, cpu, float32) {
  cast<float>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, int32) {
  // int32 to int32 never comes here; to float32 and the small integers floats are wide enough.
  cast<int32_t>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, uint8) {
  cast<uint8_t>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, bool) {
  cast<uint8_t>(call);
}
