// Activations and, for those whose gradient would take several passes, the gradient in one.
#include "../cpu/unary.h"

using lb::simd::select;
using lb::simd::splat;
using lb::simd::vf;

namespace {

constexpr float kRootHalf = 0.70710678f;       // 1/√2
constexpr float kInvRootTwoPi = 0.39894228f;   // 1/√(2π)
constexpr float kRootTwoOverPi = 0.79788456f;  // √(2/π)
constexpr float kCubic = 0.044715f;            // of the tanh approximation

// The standard normal distribution function.
vf normal_cdf(vf x) {
  return 0.5f * (1.0f + lb::simd::erf(x * kRootHalf));
}
vf gelu_tanh(vf x) {
  return lb::simd::tanh(kRootTwoOverPi * (x + kCubic * (x * x * x)));
}
vf gelu_slope(vf x) {
  return normal_cdf(x) + x * (kInvRootTwoPi * lb::simd::exp(-0.5f * (x * x)));
}
vf gelu_tanh_slope(vf x) {
  const vf t = gelu_tanh(x);
  const vf inner = kRootTwoOverPi * (1.0f + 3.0f * kCubic * (x * x));
  return 0.5f * (1.0f + t) + 0.5f * x * ((1.0f - t * t) * inner);
}

}  // namespace

#define UNARY(name, expression)                       \
  LANDBRIDGE_KERNEL(name, cpu, float32) {             \
    lb::unary(call, [](vf x) { return expression; }); \
  }
// v: the saved value (the op's input or its result); dy: the gradient.
#define GRADIENT(name, expression)                              \
  LANDBRIDGE_KERNEL(name, cpu, float32) {                       \
    lb::pairwise(call, [](vf v, vf dy) { return expression; }); \
  }

UNARY(tanh, lb::simd::tanh(x))
GRADIENT(tanhGrad, dy*(1.0f - v * v))

UNARY(sigmoid, lb::simd::sigmoid(x))
GRADIENT(sigmoidGrad, dy*(v*(1.0f - v)))

UNARY(softplus, lb::simd::softplus(x))

UNARY(relu, lb::simd::max(x, vf{}))
// A NaN is not ≤ 0: its gradient passes.
GRADIENT(reluGrad, select(v <= 0.0f, vf{}, dy))

UNARY(silu, x* lb::simd::sigmoid(x))
LANDBRIDGE_KERNEL(siluGrad, cpu, float32) {
  lb::pairwise(call, [](vf x, vf dy) {
    const vf s = lb::simd::sigmoid(x);
    return dy * (s * (1.0f + x * (1.0f - s)));
  });
}

// Params: the slope below 0.
LANDBRIDGE_KERNEL(leakyRelu, cpu, float32) {
  const float slope = static_cast<float>(call.param(0));
  lb::unary(call, [=](vf x) { return select(x > 0.0f, x, x * slope); });
}
LANDBRIDGE_KERNEL(leakyReluGrad, cpu, float32) {
  const float slope = static_cast<float>(call.param(0));
  lb::pairwise(call, [=](vf x, vf dy) { return select(x > 0.0f, dy, dy * slope); });
}

// Params: alpha.
LANDBRIDGE_KERNEL(elu, cpu, float32) {
  const float alpha = static_cast<float>(call.param(0));
  lb::unary(call, [=](vf x) { return select(x > 0.0f, x, alpha * lb::simd::expm1(x)); });
}
LANDBRIDGE_KERNEL(eluGrad, cpu, float32) {
  const float alpha = static_cast<float>(call.param(0));
  lb::pairwise(call, [=](vf x, vf dy) { return select(x > 0.0f, dy, dy * (alpha * lb::simd::exp(x))); });
}

// Params: whether the tanh approximation is wanted.
LANDBRIDGE_KERNEL(gelu, cpu, float32) {
  if (call.flag(0)) return lb::unary(call, [](vf x) { return 0.5f * x * (1.0f + gelu_tanh(x)); });
  lb::unary(call, [](vf x) { return x * normal_cdf(x); });
}
LANDBRIDGE_KERNEL(geluGrad, cpu, float32) {
  if (call.flag(0)) return lb::pairwise(call, [](vf x, vf dy) { return dy * gelu_tanh_slope(x); });
  lb::pairwise(call, [](vf x, vf dy) { return dy * gelu_slope(x); });
}
