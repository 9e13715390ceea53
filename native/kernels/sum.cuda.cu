// Sums over axes. Params: the mask of reduced axes, and a factor (1/n makes a mean).
#include "../cuda/reduce.h"

namespace {

// Floats by threads, each of which adds few, totals in double. Integers wrap around: summed as unsigned,
// where overflow is defined.
template <class LaneType, class WideType>
struct Sum {
  using Lane = LaneType;
  using Wide = WideType;
  __device__ static Lane start() { return 0; }
  template <class T>
  __device__ static Lane combine(Lane a, T b, int64_t) {
    return a + static_cast<Lane>(b);
  }
  template <class X>
  __device__ static X merge(X a, X b) {
    return a + b;
  }
};

struct Scaled {
  double factor;
  __device__ float operator()(double x) const { return static_cast<float>(x * factor); }
};
struct Signed {
  __device__ int32_t operator()(uint32_t x) const { return static_cast<int32_t>(x); }
};

}  // namespace

LANDBRIDGE_KERNEL(sum, cuda, float32) {
  const landbridge::cuda::Axes axes(call.in(0), call.integer(0));
  landbridge::cuda::reduce<Sum<float, double>, float, float>(call, axes, Scaled{call.param(1)});
}

LANDBRIDGE_KERNEL(sum, cuda, int32) {
  const landbridge::cuda::Axes axes(call.in(0), call.integer(0));
  landbridge::cuda::reduce<Sum<uint32_t, uint32_t>, int32_t, int32_t>(call, axes, Signed{});
}
