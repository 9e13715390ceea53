// Reductions over axes other than sums. Params: the mask of reduced axes.
#include "../cpu/reduce.h"

namespace {

// What loses to every value.
template <class T>
constexpr T kLowest = 0;
template <>
constexpr float kLowest<float> = -__builtin_inff();
template <>
constexpr int32_t kLowest<int32_t> = INT32_MIN;

template <class T>
constexpr T kHighest = 255;
template <>
constexpr float kHighest<float> = __builtin_inff();
template <>
constexpr int32_t kHighest<int32_t> = INT32_MAX;

// NaN wins: it is not less than anything, and unequal to itself.
template <class T>
struct Max {
  using Lane = T;
  using Wide = T;
  static constexpr T kStart = kLowest<T>;
  template <class X>
  static X combine(X a, X b) {
    return (a > b) | (a != a) ? a : b;
  }
  template <class X>
  static X merge(X a, X b) {
    return combine(a, b);
  }
};

template <class T>
struct Min {
  using Lane = T;
  using Wide = T;
  static constexpr T kStart = kHighest<T>;
  template <class X>
  static X combine(X a, X b) {
    return (a < b) | (a != a) ? a : b;
  }
  template <class X>
  static X merge(X a, X b) {
    return combine(a, b);
  }
};

// Products of floats in double, whose range they do not leave on the way; integers wrap around, as unsigned.
template <class T>
struct Product {
  using Lane = T;
  using Wide = T;
  static constexpr T kStart = 1;
  template <class X>
  static X combine(X a, X b) {
    return a * b;
  }
  template <class X>
  static X merge(X a, X b) {
    return a * b;
  }
};

// In double, where no square of a float overflows or vanishes.
struct SquareSum {
  using Lane = double;
  using Wide = double;
  static constexpr double kStart = 0;
  template <class X>
  static X combine(X a, X b) {
    return a + b * b;
  }
  template <class X>
  static X merge(X a, X b) {
    return a + b;
  }
};

// Reduces T to T through F.
template <class F, class T>
void same(landbridge::Call& call) {
  lb::reduce<F, T, T>(call, call.integer(0), [](typename F::Wide x) { return static_cast<T>(x); });
}

}  // namespace

// clang-format off
#define EXTREME(name, F) \
  LANDBRIDGE_KERNEL(name, cpu, float32) { same<F<float>, float>(call); } \
  LANDBRIDGE_KERNEL(name, cpu, int32) { same<F<int32_t>, int32_t>(call); } \
  LANDBRIDGE_KERNEL(name, cpu, uint8) { same<F<uint8_t>, uint8_t>(call); }
// clang-format on

EXTREME(max, Max)
EXTREME(min, Min)

LANDBRIDGE_KERNEL(prod, cpu, float32) {
  same<Product<double>, float>(call);
}
LANDBRIDGE_KERNEL(prod, cpu, int32) {
  lb::reduce<Product<uint32_t>, int32_t, int32_t>(call, call.integer(0),
                                                  [](uint32_t x) { return static_cast<int32_t>(x); });
}

LANDBRIDGE_KERNEL(norm, cpu, float32) {
  lb::reduce<SquareSum, float, float>(call, call.integer(0),
                                      [](double x) { return static_cast<float>(__builtin_sqrt(x)); });
}

// Of bytes that are 0 or 1.
LANDBRIDGE_KERNEL(any, cpu, bool) {
  same<Max<uint8_t>, uint8_t>(call);
}

LANDBRIDGE_KERNEL(all, cpu, bool) {
  lb::reduce<Min<uint8_t>, uint8_t, uint8_t>(call, call.integer(0),
                                             [](uint8_t x) { return static_cast<uint8_t>(x != 0); });
}
