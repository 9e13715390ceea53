// k(D) = Σ_s exp(−D/s) and its slope, with the bandwidth scaled to 1.
#pragma once

#include "mmd_measure.h"

namespace landbridge::cuda {
namespace {

constexpr int kMaxScales = 16;

// The scales, ready for evaluation.
struct KernelSum {
  int scales;
  bool powers;                // each scale is twice another: one exponential, then squarings
  double exponent;            // the functions below take t = −D·exponent
  double slope;               // the sum of their weighted terms is −k'(D)/slope
  float inverse[kMaxScales];  // 1/s; read without `powers` only

  // scale(i) gives the i-th of `count` positive scales.
  template <class F>
  KernelSum(int count, F scale) : scales(count) {
    double sorted[kMaxScales];
    for (int i = 0; i < count; ++i) {
      const double s = scale(i);
      inverse[i] = static_cast<float>(1 / s);
      int place = i;
      for (; place > 0 && sorted[place - 1] > s; --place) sorted[place] = sorted[place - 1];
      sorted[place] = s;
    }
    powers = true;
    for (int i = 1; i < count; ++i) powers = powers && sorted[i] == 2 * sorted[i - 1];
    slope = powers ? 1 / sorted[count - 1] : 1;
    exponent = 1.4426950408889634 * slope;
  }
};

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
