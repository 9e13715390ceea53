// One step of Adam or AdamW for many parameters, in place. Inputs per parameter: p, its gradient, first and
// second moment. Outputs: p and both moments. Params: see adam_rule.h.
#include "../core/adam_rule.h"
#include "../cuda/tensor_list.h"

namespace {

using landbridge::cuda::Batch;
using landbridge::cuda::Four;
using landbridge::cuda::Global;

struct Parameter {
  Global<const float> p, gradient, old_first, old_second;
  Global<float> next, first, second;
  int64_t count;
  lb::AdamCorrection correction;
};

constexpr int kBatch = 46;

__global__ void adam_kernel(Batch<Parameter, kBatch> batch, lb::AdamRule rule) {
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
      const float root = sqrtf(second.of[k]) * x.correction.inverse + rule.epsilon;
      p.of[k] = rule.decay * p.of[k] - x.correction.step * first.of[k] / root;
    }
    store_four(x.first, at, first, lanes);
    store_four(x.second, at, second, lanes);
    store_four(x.next, at, p, lanes);
  });
}

Parameter parameter(const landbridge::Call& call, int tensor) {
  const auto in = [&](int i) { return landbridge::cuda::global<const float>(call.in(4 * tensor + i)); };
  const auto out = [&](int i) { return landbridge::cuda::global<float>(call.out(3 * tensor + i)); };
  return {in(0),
          in(1),
          in(2),
          in(3),
          out(0),
          out(1),
          out(2),
          call.in(4 * tensor).count,
          lb::AdamCorrection(call, tensor)};
}

}  // namespace

LANDBRIDGE_KERNEL(adam, cuda, float32) {
  const lb::AdamRule rule(call);
  landbridge::cuda::for_batches<Parameter, kBatch>(
      call.input_count / 4, [&](int i) { return parameter(call, i); },
      [&](const Batch<Parameter, kBatch>& batch, unsigned blocks) {
        landbridge::cuda::launch<adam_kernel>(call, {dim3(blocks)}, batch, rule);
      });
}
