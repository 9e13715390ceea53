// One step of Adam or AdamW for many parameters, in place.
// Inputs per parameter: p, its gradient, first and second moment. Outputs:
// p and both moments. Params: lr, beta1, beta2, epsilon, weight decay, decoupled; then per parameter 1 −
// beta1^t and 1 − beta2^t.
#include "../cpu/tensor_list.h"

namespace {

using lb::simd::load;
using lb::simd::store;
using lb::simd::vf;

struct Rule {
  float beta1, beta2, rest1, rest2;  // rest: 1 − beta, rounded once
  float epsilon;
  float decay;  // what p keeps: 1 − lr·λ when decoupled, else 1
  float l2;     // λ unless decoupled
};

struct Correction {
  float step;     // lr / (1 − beta1^t)
  float inverse;  // 1 / √(1 − beta2^t)
};

void step(landbridge::Call& call, const Rule& rule, Correction correction, int64_t tensor, int64_t begin,
          int64_t end) {
  const int input = static_cast<int>(4 * tensor), output = static_cast<int>(3 * tensor);
  const float* p = call.in(input).as<const float>();
  const float* gradient = call.in(input + 1).as<const float>();
  const float* old_m = call.in(input + 2).as<const float>();
  const float* old_v = call.in(input + 3).as<const float>();
  float* next = call.out(output).as<float>();
  float* m = call.out(output + 1).as<float>();
  float* v = call.out(output + 2).as<float>();
  lb::for_vectors(begin, end, [=](int64_t at, int64_t lanes) {
    const vf value = load(p + at, lanes);
    const vf g = load(gradient + at, lanes) + rule.l2 * value;
    const vf first = rule.beta1 * load(old_m + at, lanes) + rule.rest1 * g;
    const vf second = rule.beta2 * load(old_v + at, lanes) + rule.rest2 * g * g;
    store(m + at, first, lanes);
    store(v + at, second, lanes);
    const vf root = lb::simd::sqrt(second) * correction.inverse + rule.epsilon;
    store(next + at, rule.decay * value - correction.step * first / root, lanes);
  });
}

}  // namespace

LANDBRIDGE_KERNEL(adam, cpu, float32) {
  const double lr = call.param(0), beta1 = call.param(1), beta2 = call.param(2), decay = call.param(4);
  const bool decoupled = call.flag(5);
  const Rule rule{static_cast<float>(beta1),
                  static_cast<float>(beta2),
                  static_cast<float>(1 - beta1),
                  static_cast<float>(1 - beta2),
                  static_cast<float>(call.param(3)),
                  static_cast<float>(decoupled ? 1 - lr * decay : 1.0),
                  static_cast<float>(decoupled ? 0.0 : decay)};
  lb::for_elements(
      call, call.input_count / 4, [&](int64_t tensor) { return call.in(static_cast<int>(4 * tensor)).count; },
      [&](int64_t tensor, int64_t begin, int64_t end, int64_t) {
        const int at = static_cast<int>(6 + 2 * tensor);
        const Correction correction{static_cast<float>(lr / call.param(at)),
                                    static_cast<float>(1 / __builtin_sqrt(call.param(at + 1)))};
        step(call, rule, correction, tensor, begin, end);
      });
}
