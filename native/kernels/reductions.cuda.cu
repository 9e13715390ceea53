// Reductions over axes other than sums. Params: the mask of reduced axes.
#include "../cuda/reduce.h"

namespace {

using landbridge::cuda::Axes;

// Extremes: NaN wins, as it is not less than anything, and unequal to itself. `Of` is the type of the
// elements.
template <class Of, class LaneType>
struct Max {
  using Lane = LaneType;
  using Wide = LaneType;
  __device__ static Lane start();
  __device__ static Lane merge(Lane a, Lane b) { return a > b || a != a ? a : b; }
  __device__ static Lane combine(Lane a, Of b, int64_t) { return merge(a, static_cast<Lane>(b)); }
};
template <class Of, class LaneType>
struct Min {
  using Lane = LaneType;
  using Wide = LaneType;
  __device__ static Lane start();
  __device__ static Lane merge(Lane a, Lane b) { return a < b || a != a ? a : b; }
  __device__ static Lane combine(Lane a, Of b, int64_t) { return merge(a, static_cast<Lane>(b)); }
};

// What loses to every value.
template <>
__device__ inline float Max<float, float>::start() {
  return -INFINITY;
}
template <>
__device__ inline float Min<float, float>::start() {
  return INFINITY;
}
template <>
__device__ inline int Max<int32_t, int>::start() {
  return INT32_MIN;
}
template <>
__device__ inline int Min<int32_t, int>::start() {
  return INT32_MAX;
}
template <>
__device__ inline int Max<uint8_t, int>::start() {
  return 0;
}
template <>
__device__ inline int Min<uint8_t, int>::start() {
  return 255;
}

// Products of floats in double, whose range they do not leave on the way; integers wrap around, as unsigned.
template <class LaneType>
struct Product {
  using Lane = LaneType;
  using Wide = LaneType;
  __device__ static Lane start() { return 1; }
  __device__ static Lane merge(Lane a, Lane b) { return a * b; }
  template <class T>
  __device__ static Lane combine(Lane a, T b, int64_t) {
    return a * static_cast<Lane>(b);
  }
};

// In double, where no square of a float overflows or vanishes.
struct SquareSum {
  using Lane = double;
  using Wide = double;
  __device__ static double start() { return 0; }
  __device__ static double merge(double a, double b) { return a + b; }
  __device__ static double combine(double a, float b, int64_t) {
    return a + static_cast<double>(b) * static_cast<double>(b);
  }
};

template <class R>
struct As {
  template <class X>
  __device__ R operator()(X x) const {
    return static_cast<R>(x);
  }
};
struct Root {
  __device__ float operator()(double x) const { return static_cast<float>(sqrt(x)); }
};
struct Truth {
  __device__ uint8_t operator()(int x) const { return x != 0; }
};

template <class F, class T, class Finish = As<T>>
void reduce(landbridge::Call& call) {
  landbridge::cuda::reduce<F, T, T>(call, Axes(call.in(0), call.integer(0)), Finish());
}

}  // namespace

// clang-format off
#define EXTREME(name, F) \
  LANDBRIDGE_KERNEL(name, cuda, float32) { reduce<F<float, float>, float>(call); } \
  LANDBRIDGE_KERNEL(name, cuda, int32) { reduce<F<int32_t, int>, int32_t>(call); } \
  LANDBRIDGE_KERNEL(name, cuda, uint8) { reduce<F<uint8_t, int>, uint8_t>(call); }
// clang-format on

EXTREME(max, Max)
EXTREME(min, Min)

LANDBRIDGE_KERNEL(prod, cuda, float32) {
  reduce<Product<double>, float>(call);
}
LANDBRIDGE_KERNEL(prod, cuda, int32) {
  reduce<Product<uint32_t>, int32_t>(call);
}

LANDBRIDGE_KERNEL(norm, cuda, float32) {
  reduce<SquareSum, float, Root>(call);
}

// Of bytes that are 0 or 1.
LANDBRIDGE_KERNEL(any, cuda, bool) {
  reduce<Max<uint8_t, int>, uint8_t>(call);
}
LANDBRIDGE_KERNEL(all, cuda, bool) {
  reduce<Min<uint8_t, int>, uint8_t, Truth>(call);
}
