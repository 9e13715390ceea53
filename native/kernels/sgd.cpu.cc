// One step of stochastic gradient descent for many parameters, in place.
// Inputs per parameter: p, its gradient, its momentum (absent where there is none). Outputs: p, momentum.
// Params: lr, momentum, dampening, nesterov, weight decay; then per parameter whether this is its first step.
#include "../cpu/tensor_list.h"

namespace {

using lb::simd::load;
using lb::simd::store;
using lb::simd::vf;

struct Rule {
  float lr, momentum, kept, weight_decay;  // kept: 1 − dampening
  bool nesterov;
};

void step(landbridge::Call& call, const Rule& rule, int64_t tensor, int64_t begin, int64_t end) {
  const int input = static_cast<int>(3 * tensor), output = static_cast<int>(2 * tensor);
  const float* p = call.in(input).as<const float>();
  const float* gradient = call.in(input + 1).as<const float>();
  const float* old = call.in(input + 2).as<const float>();
  const bool first = call.flag(static_cast<int>(5 + tensor));
  float* next = call.out(output).as<float>();
  float* momentum = call.out(output + 1).as<float>();
  lb::for_vectors(begin, end, [=](int64_t at, int64_t lanes) {
    const vf value = load(p + at, lanes);
    vf g = load(gradient + at, lanes) + rule.weight_decay * value;
    if (momentum != nullptr) {
      const vf b = first ? g : rule.momentum * load(old + at, lanes) + rule.kept * g;
      store(momentum + at, b, lanes);
      g = rule.nesterov ? g + rule.momentum * b : b;
    }
    store(next + at, value - rule.lr * g, lanes);
  });
}

}  // namespace

LANDBRIDGE_KERNEL(sgd, cpu, float32) {
  const Rule rule{static_cast<float>(call.param(0)), static_cast<float>(call.param(1)),
                  static_cast<float>(1 - call.param(2)), static_cast<float>(call.param(4)), call.flag(3)};
  lb::for_elements(
      call, call.input_count / 3, [&](int64_t tensor) { return call.in(static_cast<int>(3 * tensor)).count; },
      [&](int64_t tensor, int64_t begin, int64_t end, int64_t) { step(call, rule, tensor, begin, end); });
}
