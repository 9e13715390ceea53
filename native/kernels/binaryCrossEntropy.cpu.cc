// −t·log p − (1 − t)·log(1 − p), elementwise; logarithms at least −100, so that p = 0 and 1 cost something
// finite. Inputs: p, t of one shape.
#include "../cpu/math.h"
#include "landbridge/kernel.h"

namespace {

namespace simd = lb::simd;
using simd::vf;

constexpr int64_t kGrain = 1 << 14;

vf bounded_log(vf x) {
  return simd::max(simd::log(x), simd::splat(-100.0f));
}

}  // namespace

LANDBRIDGE_KERNEL(binaryCrossEntropy, cpu, float32) {
  const float* p = call.in(0).as<const float>();
  const float* t = call.in(1).as<const float>();
  float* out = call.out(0).as<float>();
  call.parallel_for(call.out(0).count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!(p[i] < 0 || p[i] > 1)) continue;
      char message[96];
      __builtin_snprintf(message, sizeof message, "expected probabilities from 0 to 1, received %g",
                         static_cast<double>(p[i]));
      return call.fail(message);
    }
    simd::zip(p + begin, t + begin, out + begin, end - begin, [](vf probability, vf target) {
      const vf no = bounded_log(1.0f - probability);
      return (target - 1.0f) * no - target * bounded_log(probability);
    });
  });
}
