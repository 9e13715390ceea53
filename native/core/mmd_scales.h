// The scales of MMD's kernel k(D) = Σ_s exp(−D/s), sorted out on the host for every device.
#pragma once

namespace lb {
namespace {

constexpr int kMaxScales = 16;

// The scales, ready for evaluation.
struct KernelSum {
  int scales;
  bool powers;      // each scale is twice another: one exponential, then squarings
  double exponent;  // evaluation takes t = −D·exponent
  double slope;     // the sum of its weighted terms is −k'(D)/slope, times a factor of the device's
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

}  // namespace
}  // namespace lb
