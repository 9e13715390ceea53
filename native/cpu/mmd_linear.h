// The linear-time estimate of the squared maximum mean discrepancy (Gretton et al. 2012, section 6): the mean
// of h = k(x, x') + k(y, y') − k(x, y') − k(x', y) over successive pairs of rows, so that every row is read
// once. Distances are sums of squared differences in double: nothing needs centring.
#pragma once
#include "landbridge/kernel.h"
#include "mmd_kernel_sum.h"
#include "simd_double.h"

namespace lb::simd {
namespace {

struct LinearEstimate {
  const float *x, *y;
  float *dx, *dy;  // null where not wanted
  int64_t d, pairs;
  const KernelSum* kernel;
  double h;

  static constexpr int kTerms = 4;  // k(x, x'), k(y, y'), k(x, y'), k(x', y)
};

// The differences behind the four terms, for columns from c on.
struct Differences {
  vf of[LinearEstimate::kTerms];

  Differences(const LinearEstimate& e, int64_t pair, int64_t c, int64_t lanes) {
    const int64_t at = 2 * pair * e.d + c;
    const vf x = load(e.x + at, lanes), other_x = load(e.x + at + e.d, lanes);
    const vf y = load(e.y + at, lanes), other_y = load(e.y + at + e.d, lanes);
    of[0] = x - other_x;
    of[1] = y - other_y;
    of[2] = x - other_y;
    of[3] = other_x - y;
  }
};

inline int64_t lanes_from(int64_t c, int64_t d) {
  return d - c < kLanes ? d - c : kLanes;
}

inline void linear_distances(const LinearEstimate& e, int64_t pair, double (&distances)[4]) {
  vd low[LinearEstimate::kTerms] = {}, high[LinearEstimate::kTerms] = {};
  for (int64_t c = 0; c < e.d; c += kLanes) {
    const Differences differences(e, pair, c, lanes_from(c, e.d));
#pragma GCC unroll 4
    for (int term = 0; term < LinearEstimate::kTerms; ++term) {
      const vd a = low_half(differences.of[term]), b = high_half(differences.of[term]);
      low[term] += a * a;
      high[term] += b * b;
    }
  }
  for (int term = 0; term < LinearEstimate::kTerms; ++term) {
    distances[term] = 0;
    for (int lane = 0; lane < kLanes / 2; ++lane) distances[term] += low[term][lane] + high[term][lane];
  }
}

inline void store_lanes(float* rows, int64_t at, vf value, int64_t lanes) {
  if (rows != nullptr) store(rows + at, value, lanes);
}

// Gradients of the pair's four rows; slopes are k' per term, signs and the factor 2/pairs included.
inline void linear_gradient(const LinearEstimate& e, int64_t pair, const float (&slopes)[4]) {
  for (int64_t c = 0; c < e.d; c += kLanes) {
    const int64_t lanes = lanes_from(c, e.d), at = 2 * pair * e.d + c;
    Differences t(e, pair, c, lanes);
#pragma GCC unroll 4
    for (int term = 0; term < LinearEstimate::kTerms; ++term) t.of[term] *= slopes[term];
    store_lanes(e.dx, at, t.of[0] + t.of[2], lanes);
    store_lanes(e.dx, at + e.d, t.of[3] - t.of[0], lanes);
    store_lanes(e.dy, at, t.of[1] - t.of[3], lanes);
    store_lanes(e.dy, at + e.d, -(t.of[1] + t.of[2]), lanes);
  }
}

// One pair's h, and its gradients.
inline double linear_pair(const LinearEstimate& e, int64_t pair) {
  double distances[LinearEstimate::kTerms];
  linear_distances(e, pair, distances);
  vf t{}, k, w;
  for (int term = 0; term < LinearEstimate::kTerms; ++term) {
    const double exponent = -distances[term] * e.kernel->exponent / e.h;
    t[term] = exponent < -1e30 ? -1e30f : static_cast<float>(exponent);
  }
  with_scales(*e.kernel, 1, [&](const auto& kernel) { kernel(t, k, w); });
  double value = 0;
  float slopes[LinearEstimate::kTerms];
  for (int term = 0; term < LinearEstimate::kTerms; ++term) {
    const double sign = term < 2 ? 1 : -1, nan = distances[term] - distances[term];  // 0, or else NaN
    value += sign * (static_cast<double>(k[term]) + nan);
    const double slope = -e.kernel->slope / e.h * (static_cast<double>(w[term]) + nan);
    slopes[term] = static_cast<float>(sign * 2 * slope / static_cast<double>(e.pairs));
  }
  if (e.dx != nullptr || e.dy != nullptr) linear_gradient(e, pair, slopes);
  return value;
}

constexpr int64_t kLinearElements = 1 << 13;  // per chunk and side

inline double linear_estimate(landbridge::Call& call, const LinearEstimate& e) {
  const int64_t grain = e.d > kLinearElements ? 1 : kLinearElements / e.d;
  const int64_t chunks = (e.pairs + grain - 1) / grain;
  double* values = call.workspace<double>(chunks);
  if (values == nullptr) return 0;
  call.parallel_for(e.pairs, grain, [&](int64_t begin, int64_t end) {
    double sum = 0;
    for (int64_t pair = begin; pair < end; ++pair) sum += linear_pair(e, pair);
    values[begin / grain] = sum;
  });
  double value = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) value += values[chunk];
  return value / static_cast<double>(e.pairs);
}

}  // namespace
}  // namespace lb::simd
