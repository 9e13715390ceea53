// The linear-time estimate of the squared maximum mean discrepancy (Gretton et al. 2012, section 6): the mean
// of h = k(x, x') + k(y, y') − k(x, y') − k(x', y) over successive pairs of rows, so that every row is read
// twice, a warp to a pair. Distances are sums of squared differences in double: nothing needs centring.
#pragma once

#include "elementwise.h"
#include "mmd_kernel_sum.h"
#include "mmd_sample.h"

namespace landbridge::cuda {
namespace {

constexpr int kTerms = 4;  // k(x, x'), k(y, y'), k(x, y'), k(x', y)

struct LinearEstimate {
  Sample sample;
  Global<float> dx, dy;  // null where not wanted
  int64_t pairs;
  double exponent, slope;  // of the kernels
  Global<const double> bandwidth;
  Global<double> values;  // of each warp

  // The differences behind the terms.
  __device__ void differences(int64_t pair, int64_t c, float (&of)[kTerms]) const {
    const int64_t at = 2 * pair * sample.d + c;
    const float x = sample.x[at], other_x = sample.x[at + sample.d];
    const float y = sample.y[at], other_y = sample.y[at + sample.d];
    of[0] = x - other_x;
    of[1] = y - other_y;
    of[2] = x - other_y;
    of[3] = other_x - y;
  }
};

__device__ inline void linear_distances(const LinearEstimate& e, int64_t pair, double (&sums)[kTerms]) {
  for (int64_t c = threadIdx.x % kWarp; c < e.sample.d; c += kWarp) {
    float differences[kTerms];
    e.differences(pair, c, differences);
#pragma unroll
    for (int term = 0; term < kTerms; ++term)
      sums[term] += static_cast<double>(differences[term]) * differences[term];
  }
#pragma unroll
  for (int term = 0; term < kTerms; ++term) sums[term] = reduce_warp(sums[term], Plus());
}

// Gradients of the pair's four rows; slopes are k' per term, signs and the factor 2/pairs included.
__device__ inline void linear_gradient(const LinearEstimate& e, int64_t pair, const float (&slopes)[kTerms]) {
  for (int64_t c = threadIdx.x % kWarp; c < e.sample.d; c += kWarp) {
    const int64_t at = 2 * pair * e.sample.d + c;
    float t[kTerms];
    e.differences(pair, c, t);
#pragma unroll
    for (int term = 0; term < kTerms; ++term) t[term] *= slopes[term];
    if (e.dx) e.dx[at] = t[0] + t[2];
    if (e.dx) e.dx[at + e.sample.d] = t[3] - t[0];
    if (e.dy) e.dy[at] = t[1] - t[3];
    if (e.dy) e.dy[at + e.sample.d] = -(t[1] + t[2]);
  }
}

// One pair's h, and its gradients.
template <class Kernels>
__device__ double linear_pair(const LinearEstimate& e, const Kernels& kernels, int64_t pair, double h) {
  double distances[kTerms] = {}, value = 0;
  linear_distances(e, pair, distances);
  float slopes[kTerms];
#pragma unroll
  for (int term = 0; term < kTerms; ++term) {
    const double exponent = -distances[term] * e.exponent / h;
    const Evaluated at = kernels(exponent < -1e30 ? -1e30f : static_cast<float>(exponent));
    const double sign = term < 2 ? 1 : -1, nan = distances[term] - distances[term];  // 0, or else NaN
    value += sign * (static_cast<double>(at.kernel) + nan);
    const double slope = -e.slope / h * (static_cast<double>(at.slope) + nan);
    slopes[term] = static_cast<float>(sign * 2 * slope / static_cast<double>(e.pairs));
  }
  if (e.dx || e.dy) linear_gradient(e, pair, slopes);
  return value;
}

template <class Kernels>
__global__ void linear_kernel(LinearEstimate e, const __grid_constant__ Kernels kernels) {
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / kWarp);
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarp) + threadIdx.x / kWarp;
  const double h = e.bandwidth[0];
  double value = 0;
  for (int64_t pair = warp; pair < e.pairs; pair += warps) value += linear_pair(e, kernels, pair, h);
  if (threadIdx.x % kWarp == 0) e.values[warp] = value;
}

// The rows that belong to no pair, and, where the bandwidth is 0 or NaN, the others too.
inline void fill_linear(Call& call, Global<float> out, int64_t count, int64_t used,
                        Global<const double> bandwidth) {
  each(call, count, [=] __device__(int64_t i) {
    const double h = bandwidth[0];
    if (h != h || h == 0) {
      out[i] = static_cast<float>(h);
    } else if (i >= used) {
      out[i] = 0;
    }
  });
}

}  // namespace
}  // namespace landbridge::cuda
