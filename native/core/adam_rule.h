// What a step of Adam or AdamW computes with, in float32 from parameters in double, for every device. A call's
// params: lr, beta1, beta2, epsilon, weight decay, decoupled; then per tensor 1 − beta1^t and 1 − beta2^t.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
namespace {

struct AdamRule {
  float beta1, beta2, rest1, rest2;  // rest: 1 − beta, rounded once
  float epsilon;
  float decay;  // what p keeps: 1 − lr·λ when decoupled, else 1
  float l2;     // λ unless decoupled

  explicit AdamRule(const landbridge::Call& call) {
    const double b1 = call.param(1), b2 = call.param(2), weight_decay = call.param(4);
    const bool decoupled = call.flag(5);
    beta1 = static_cast<float>(b1);
    beta2 = static_cast<float>(b2);
    rest1 = static_cast<float>(1 - b1);
    rest2 = static_cast<float>(1 - b2);
    epsilon = static_cast<float>(call.param(3));
    decay = static_cast<float>(decoupled ? 1 - call.param(0) * weight_decay : 1.0);
    l2 = static_cast<float>(decoupled ? 0.0 : weight_decay);
  }
};

// For the means' start at zero.
struct AdamCorrection {
  float step;     // lr / (1 − beta1^t)
  float inverse;  // 1 / √(1 − beta2^t)

  AdamCorrection() = default;
  AdamCorrection(const landbridge::Call& call, int64_t tensor) {
    const int at = static_cast<int>(6 + 2 * tensor);
    step = static_cast<float>(call.param(0) / call.param(at));
    inverse = static_cast<float>(1 / __builtin_sqrt(call.param(at + 1)));
  }
};

}  // namespace
}  // namespace lb
