// A choice between two broadcast operands, and values cut off at bounds.
#include "../cuda/elementwise.h"

namespace {

// Values are moved, not read: T is any type of their size.
template <class T>
void choose(landbridge::Call& call) {
  landbridge::cuda::zip<T, uint8_t, T, T>(call,
                                          [] __device__(uint8_t c, T a, T b) { return c != 0 ? a : b; });
}

}  // namespace

LANDBRIDGE_KERNEL(where, cuda, bool, strided) {
  switch (call.out(0).dtype) {
    case LB_DTYPE_float32:
    case LB_DTYPE_int32:
      return choose<uint32_t>(call);
    default:
      return choose<uint8_t>(call);
  }
}

// Params: the bounds, infinite where there is none. NaN stays.
LANDBRIDGE_KERNEL(clamp, cuda, float32) {
  const float low = static_cast<float>(call.param(0)), high = static_cast<float>(call.param(1));
  landbridge::cuda::map<float, float>(call, [=] __device__(float x) {
    const float raised = x < low ? low : x;
    return raised > high ? high : raised;
  });
}
LANDBRIDGE_KERNEL(clampGrad, cuda, float32) {
  const float low = static_cast<float>(call.param(0)), high = static_cast<float>(call.param(1));
  landbridge::cuda::map<float, float, float>(
      call, [=] __device__(float x, float dy) { return x >= low && x <= high ? dy : 0.0f; });
}

// Bounds outside of the type's range, infinite ones above all, are its ends.
template <class T>
static void clamp_integers(landbridge::Call& call, double least, double most) {
  const auto bound = [=](double value) {
    return static_cast<T>(value < least ? least : value > most ? most : value);
  };
  const T low = bound(call.param(0)), high = bound(call.param(1));
  landbridge::cuda::map<T, T>(call, [=] __device__(T x) { return x < low ? low : x > high ? high : x; });
}
LANDBRIDGE_KERNEL(clamp, cuda, int32) {
  clamp_integers<int32_t>(call, -2147483648.0, 2147483647.0);
}
LANDBRIDGE_KERNEL(clamp, cuda, uint8) {
  clamp_integers<uint8_t>(call, 0, 255);
}
