// One step of Adam or AdamW for many parameters, in place.
// Inputs per parameter: p, its gradient, first and second moment. Outputs: p and both moments. Params: lr,
// beta1, beta2, epsilon, weight decay, decoupled; then per parameter 1 − beta1^t and 1 − beta2^t.
#include "../cuda/tensor_list.h"

namespace {

using landbridge::cuda::Batch;
using landbridge::cuda::Four;
using landbridge::cuda::Global;

struct Rule {
  float beta1, beta2, rest1, rest2;  // rest: 1 − beta, rounded once
  float epsilon;
  float decay;  // what p keeps: 1 − lr·λ when decoupled, else 1
  float l2;     // λ unless decoupled
};

struct Parameter {
  Global<const float> p, gradient, old_first, old_second;
  Global<float> next, first, second;
  int64_t count;
  float step;     // lr / (1 − beta1^t)
  float inverse;  // 1 / √(1 − beta2^t)
};

constexpr int kBatch = 46;

__global__ void adam_kernel(Batch<Parameter, kBatch> batch, Rule rule) {
  const int tensor = batch.find(blockIdx.x);
  const Parameter& x = batch.of[tensor];
  landbridge::cuda::for_fours(blockIdx.x - batch.first[tensor], x.count, [&](int64_t at, int64_t lanes) {
    Four p = load_four(x.p, at, lanes), first = load_four(x.old_first, at, lanes);
    Four second = load_four(x.old_second, at, lanes);
    const Four gradient = load_four(x.gradient, at, lanes);
#pragma unroll
    for (int k = 0; k < landbridge::cuda::kLanes; ++k) {
      const float g = gradient.of[k] + rule.l2 * p.of[k];
      first.of[k] = rule.beta1 * first.of[k] + rule.rest1 * g;
      second.of[k] = rule.beta2 * second.of[k] + rule.rest2 * g * g;
      const float root = sqrtf(second.of[k]) * x.inverse + rule.epsilon;
      p.of[k] = rule.decay * p.of[k] - x.step * first.of[k] / root;
    }
    store_four(x.first, at, first, lanes);
    store_four(x.second, at, second, lanes);
    store_four(x.next, at, p, lanes);
  });
}

Parameter parameter(const landbridge::Call& call, int tensor) {
  const auto in = [&](int i) { return landbridge::cuda::global<const float>(call.in(4 * tensor + i)); };
  const auto out = [&](int i) { return landbridge::cuda::global<float>(call.out(3 * tensor + i)); };
  const double rest1 = call.param(6 + 2 * tensor), rest2 = call.param(7 + 2 * tensor);
  return {in(0),
          in(1),
          in(2),
          in(3),
          out(0),
          out(1),
          out(2),
          call.in(4 * tensor).count,
          static_cast<float>(call.param(0) / rest1),
          static_cast<float>(1 / sqrt(rest2))};
}

}  // namespace

LANDBRIDGE_KERNEL(adam, cuda, float32) {
  const double lr = call.param(0), beta1 = call.param(1), beta2 = call.param(2), decay = call.param(4);
  const bool decoupled = call.flag(5);
  const Rule rule{static_cast<float>(beta1),
                  static_cast<float>(beta2),
                  static_cast<float>(1 - beta1),
                  static_cast<float>(1 - beta2),
                  static_cast<float>(call.param(3)),
                  static_cast<float>(decoupled ? 1 - lr * decay : 1.0),
                  static_cast<float>(decoupled ? 0.0 : decay)};
  landbridge::cuda::for_batches<Parameter, kBatch>(
      call.input_count / 4, [&](int i) { return parameter(call, i); },
      [&](const Batch<Parameter, kBatch>& batch, unsigned blocks) {
        landbridge::cuda::launch<adam_kernel>(call, {dim3(blocks)}, batch, rule);
      });
}
