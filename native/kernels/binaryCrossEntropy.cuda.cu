// −t·log p − (1 − t)·log(1 − p), elementwise; logarithms at least −100, so that p = 0 and 1 cost something
// finite. Inputs: p, t of one shape.
#include "../cuda/elementwise.h"

namespace {

// NaN stays: it is not less than the bound.
__device__ float bounded_log(float x) {
  const float y = logf(x);
  return y < -100.0f ? -100.0f : y;
}

}  // namespace

LANDBRIDGE_KERNEL(binaryCrossEntropy, cuda, float32) {
  const auto p = landbridge::cuda::global<const float>(call.in(0)),
             t = landbridge::cuda::global<const float>(call.in(1));
  const auto out = landbridge::cuda::global<float>(call.out(0));
  if (call.out(0).count == 0) return;
  const auto report = landbridge::cuda::report(
      call, "expected probabilities from 0 to 1, received one that is less or larger");
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) {
    const float probability = p[i], target = t[i];
    if (probability < 0 || probability > 1) report.fail(0);
    out[i] = (target - 1.0f) * bounded_log(1.0f - probability) - target * bounded_log(probability);
  });
}
