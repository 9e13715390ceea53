// A choice between two broadcast operands, and values cut off at bounds.
#include "../cpu/elementwise.h"
#include "../cpu/unary.h"

namespace {

// One loop per common pattern of steps, so that the compiler vectorises each.
template <class T>
void choose_row(const uint8_t* c, int64_t step_c, const T* a, int64_t step_a, const T* b, int64_t step_b,
                T* out, int64_t count) {
  if (step_c == 1 && step_a == 1 && step_b == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] = c[i] != 0 ? a[i] : b[i];
  } else if (step_c == 1 && step_a == 1) {
    const T other = b[0];
    for (int64_t i = 0; i < count; ++i) out[i] = c[i] != 0 ? a[i] : other;
  } else if (step_c == 1 && step_b == 1) {
    const T value = a[0];
    for (int64_t i = 0; i < count; ++i) out[i] = c[i] != 0 ? value : b[i];
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = c[i * step_c] != 0 ? a[i * step_a] : b[i * step_b];
  }
}

// Values are moved, not read: T is any type of their size.
template <class T>
void choose(landbridge::Call& call) {
  const lb::Broadcast<3> walk(call);
  const uint8_t* c = call.in(0).as<const uint8_t>();
  const T* a = call.in(1).as<const T>();
  const T* b = call.in(2).as<const T>();
  lb::for_rows<T>(call, walk, [&](const int64_t* at, int64_t count, T* out) {
    choose_row(c + at[0], walk.step(0), a + at[1], walk.step(1), b + at[2], walk.step(2), out, count);
  });
}

}  // namespace

LANDBRIDGE_KERNEL(where, cpu, bool, strided) {
  switch (call.out(0).dtype) {
    case LB_DTYPE_float32:
    case LB_DTYPE_int32:
      return choose<uint32_t>(call);
    default:
      return choose<uint8_t>(call);
  }
}

// Params: the bounds, infinite where there is none. NaN stays.
LANDBRIDGE_KERNEL(clamp, cpu, float32) {
  const float low = static_cast<float>(call.param(0)), high = static_cast<float>(call.param(1));
  lb::unary(call, [=](lb::simd::vf x) { return lb::simd::clamp(x, low, high); });
}
LANDBRIDGE_KERNEL(clampGrad, cpu, float32) {
  const float low = static_cast<float>(call.param(0)), high = static_cast<float>(call.param(1));
  lb::pairwise(call, [=](lb::simd::vf x, lb::simd::vf dy) {
    return lb::simd::select((x >= low) & (x <= high), dy, lb::simd::vf{});
  });
}

// Bounds outside of the type's range, infinite ones above all, are its ends.
template <class T>
static void clamp_integers(landbridge::Call& call, double least, double most) {
  const auto bound = [=](double value) {
    return static_cast<T>(value < least ? least : value > most ? most : value);
  };
  const T low = bound(call.param(0)), high = bound(call.param(1));
  lb::each<T, T>(call, [=](T x) { return x < low ? low : x > high ? high : x; });
}
LANDBRIDGE_KERNEL(clamp, cpu, int32) {
  clamp_integers<int32_t>(call, -2147483648.0, 2147483647.0);
}
LANDBRIDGE_KERNEL(clamp, cpu, uint8) {
  clamp_integers<uint8_t>(call, 0, 255);
}
