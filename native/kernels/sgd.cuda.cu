// One step of stochastic gradient descent for many parameters, in place.
// Inputs per parameter: p, its gradient, its momentum (absent where there is none). Outputs: p, momentum.
// Params: lr, momentum, dampening, nesterov, weight decay; then per parameter whether this is its first step.
#include "../cuda/tensor_list.h"

namespace {

using landbridge::cuda::Batch;
using landbridge::cuda::Four;
using landbridge::cuda::Global;

struct Rule {
  float lr, momentum, kept, weight_decay;  // kept: 1 − dampening
  bool nesterov;
};

struct Parameter {
  Global<const float> p, gradient, old;
  Global<float> next, momentum;
  int64_t count;
  bool first;
};

constexpr int kBatch = 60;

__global__ void sgd_kernel(Batch<Parameter, kBatch> batch, Rule rule) {
  const int tensor = batch.find(blockIdx.x);
  const Parameter& x = batch.of[tensor];
  landbridge::cuda::for_fours(blockIdx.x - batch.first[tensor], x.count, [&](int64_t at, int64_t lanes) {
    Four p = load_four(x.p, at, lanes), g = load_four(x.gradient, at, lanes), velocity{};
    const bool remembers = static_cast<bool>(x.momentum);
    if (remembers && !x.first) velocity = load_four(x.old, at, lanes);
#pragma unroll
    for (int k = 0; k < landbridge::cuda::kLanes; ++k) {
      g.of[k] += rule.weight_decay * p.of[k];
      if (remembers) {
        velocity.of[k] = x.first ? g.of[k] : rule.momentum * velocity.of[k] + rule.kept * g.of[k];
        g.of[k] = rule.nesterov ? g.of[k] + rule.momentum * velocity.of[k] : velocity.of[k];
      }
      p.of[k] -= rule.lr * g.of[k];
    }
    if (remembers) store_four(x.momentum, at, velocity, lanes);
    store_four(x.next, at, p, lanes);
  });
}

Parameter parameter(const landbridge::Call& call, int tensor) {
  const auto in = [&](int i) { return landbridge::cuda::global<const float>(call.in(3 * tensor + i)); };
  const auto out = [&](int i) { return landbridge::cuda::global<float>(call.out(2 * tensor + i)); };
  return {in(0), in(1), in(2), out(0), out(1), call.in(3 * tensor).count, call.flag(5 + tensor)};
}

}  // namespace

LANDBRIDGE_KERNEL(sgd, cuda, float32) {
  const Rule rule{static_cast<float>(call.param(0)), static_cast<float>(call.param(1)),
                  static_cast<float>(1 - call.param(2)), static_cast<float>(call.param(4)), call.flag(3)};
  landbridge::cuda::for_batches<Parameter, kBatch>(
      call.input_count / 3, [&](int i) { return parameter(call, i); },
      [&](const Batch<Parameter, kBatch>& batch, unsigned blocks) {
        landbridge::cuda::launch<sgd_kernel>(call, {dim3(blocks)}, batch, rule);
      });
}
