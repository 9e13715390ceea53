// k(D) = Σ_s exp(−D/s) and its slope, with the bandwidth scaled to 1.
#pragma once

#include "../core/mmd_scales.h"
#include "mmd_measure.h"

namespace landbridge::cuda {
namespace {

using lb::KernelSum, lb::kMaxScales;

struct Evaluated {
  float kernel, slope;
};

// Scales that double, as many as Count; the largest comes first, whose exponential the others are powers of.
template <int Count>
struct PowersOfTwo {
  explicit PowersOfTwo(const KernelSum&) {}

  __device__ Evaluated operator()(float t) const {
    float e = exp2f(t), kernel = e, slope = e, factor = 1;
#pragma unroll
    for (int s = 1; s < Count; ++s) {
      e *= e;
      factor *= 2;
      kernel += e;
      slope += factor * e;
    }
    return {kernel, slope};
  }
};

struct AnyScales {
  KernelSum sum;
  explicit AnyScales(const KernelSum& all) : sum(all) {}

  __device__ Evaluated operator()(float t) const {
    float e = exp2f(t), kernel = e, slope = e, factor = 1;
    if (sum.powers) {
      for (int s = 1; s < sum.scales; ++s) {
        e *= e;
        factor *= 2;
        kernel += e;
        slope += factor * e;
      }
      return {kernel, slope};
    }
    kernel = slope = 0;
    for (int s = 0; s < sum.scales; ++s) {
      e = exp2f(t * sum.inverse[s]);
      kernel += e;
      slope += sum.inverse[s] * e;
    }
    return {kernel, slope};
  }
};

// Calls f with the function for these scales.
template <class F>
void with_scales(const KernelSum& sum, F f) {
  if (sum.powers && sum.scales == 5) return f(PowersOfTwo<5>(sum));  // the default
  f(AnyScales(sum));
}

}  // namespace
}  // namespace landbridge::cuda
