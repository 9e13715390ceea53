// One step of Adam or AdamW for many parameters, in place. Inputs per parameter: p, its gradient, first and
// second moment. Outputs: p and both moments. Params: see adam_rule.h.
#include "../core/adam_rule.h"
#include "../cpu/tensor_list.h"

namespace {

using lb::simd::load;
using lb::simd::store;
using lb::simd::vf;

void step(landbridge::Call& call, const lb::AdamRule& rule, const lb::AdamCorrection& correction,
          int64_t tensor, int64_t begin, int64_t end) {
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
  const lb::AdamRule rule(call);
  lb::for_elements(
      call, call.input_count / 4, [&](int64_t tensor) { return call.in(static_cast<int>(4 * tensor)).count; },
      [&](int64_t tensor, int64_t begin, int64_t end, int64_t) {
        step(call, rule, lb::AdamCorrection(call, tensor), tensor, begin, end);
      });
}
