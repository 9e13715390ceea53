// Activations and, for those whose gradient would take several passes, the gradient in one.
#include "../cuda/activations.h"
#include "../cuda/elementwise.h"

namespace {

using landbridge::cuda::map;
using landbridge::cuda::sigmoid;

constexpr float kRootHalf = 0.70710678f;       // 1/√2
constexpr float kInvRootTwoPi = 0.39894228f;   // 1/√(2π)
constexpr float kRootTwoOverPi = 0.79788456f;  // √(2/π)
constexpr float kCubic = 0.044715f;            // of the tanh approximation

// The standard normal distribution function.
__device__ float normal_cdf(float x) {
  return 0.5f * (1.0f + erff(x * kRootHalf));
}
__device__ float gelu_tanh(float x) {
  return tanhf(kRootTwoOverPi * (x + kCubic * (x * x * x)));
}
__device__ float gelu_slope(float x) {
  return normal_cdf(x) + x * (kInvRootTwoPi * expf(-0.5f * (x * x)));
}
__device__ float gelu_tanh_slope(float x) {
  const float t = gelu_tanh(x);
  const float inner = kRootTwoOverPi * (1.0f + 3.0f * kCubic * (x * x));
  return 0.5f * (1.0f + t) + 0.5f * x * ((1.0f - t * t) * inner);
}
__device__ float silu_slope(float x) {
  const float s = sigmoid(x);
  return s * (1.0f + x * (1.0f - s));
}

}  // namespace

#define UNARY(name, expression)                                             \
  LANDBRIDGE_KERNEL(name, cuda, float32) {                                  \
    map<float, float>(call, [] __device__(float x) { return expression; }); \
  }
// v: the saved value (the op's input or its result); dy: the gradient.
#define GRADIENT(name, expression)                                                           \
  LANDBRIDGE_KERNEL(name, cuda, float32) {                                                   \
    map<float, float, float>(call, [] __device__(float v, float dy) { return expression; }); \
  }

UNARY(tanh, tanhf(x))
GRADIENT(tanhGrad, dy*(1.0f - v * v))

UNARY(sigmoid, sigmoid(x))
GRADIENT(sigmoidGrad, dy*(v*(1.0f - v)))

UNARY(softplus, landbridge::cuda::softplus(x))

UNARY(relu, x > 0.0f || x != x ? x : 0.0f)
// A NaN is not ≤ 0: its gradient passes.
GRADIENT(reluGrad, v <= 0.0f ? 0.0f : dy)

UNARY(silu, x* sigmoid(x))
GRADIENT(siluGrad, dy* silu_slope(v))

// Params: the slope below 0.
LANDBRIDGE_KERNEL(leakyRelu, cuda, float32) {
  const float slope = static_cast<float>(call.param(0));
  map<float, float>(call, [=] __device__(float x) { return x > 0.0f ? x : x * slope; });
}
LANDBRIDGE_KERNEL(leakyReluGrad, cuda, float32) {
  const float slope = static_cast<float>(call.param(0));
  map<float, float, float>(call, [=] __device__(float x, float dy) { return x > 0.0f ? dy : dy * slope; });
}

// Params: alpha.
LANDBRIDGE_KERNEL(elu, cuda, float32) {
  const float alpha = static_cast<float>(call.param(0));
  map<float, float>(call, [=] __device__(float x) { return x > 0.0f ? x : alpha * expm1f(x); });
}
LANDBRIDGE_KERNEL(eluGrad, cuda, float32) {
  const float alpha = static_cast<float>(call.param(0));
  map<float, float, float>(
      call, [=] __device__(float x, float dy) { return x > 0.0f ? dy : dy * (alpha * expf(x)); });
}

// Params: whether the tanh approximation is wanted.
LANDBRIDGE_KERNEL(gelu, cuda, float32) {
  if (call.flag(0)) {
    return map<float, float>(call, [] __device__(float x) { return 0.5f * x * (1.0f + gelu_tanh(x)); });
  }
  map<float, float>(call, [] __device__(float x) { return x * normal_cdf(x); });
}
LANDBRIDGE_KERNEL(geluGrad, cuda, float32) {
  if (call.flag(0)) {
    return map<float, float, float>(call,
                                    [] __device__(float x, float dy) { return dy * gelu_tanh_slope(x); });
  }
  map<float, float, float>(call, [] __device__(float x, float dy) { return dy * gelu_slope(x); });
}
