// Means and variances of a sample's columns, in double, in one reading. Sums are cut by the shape alone and
// combined in order.
#pragma once

#include "column_sums.h"

#ifdef LANDBRIDGE_CUDA_EMULATED
  #define __grid_constant__  // parameters of a kernel that are read in place, whatever the index
#endif

namespace landbridge::cuda {
namespace {

// Two samples, read as one: rows of x, then rows of y.
struct Sample {
  Global<const float> x, y;
  int64_t n, m, d;

  int64_t total() const { return n + m; }
  __device__ float at(int64_t row, int64_t column) const {
    return row < n ? x[row * d + column] : y[(row - n) * d + column];
  }
};

// What is known of some rows: the columns' means, and the sums of 32 columns' variances each (over the count;
// NaN where the values are not finite).
struct Moments {
  Global<double> mean, spread;
  int64_t groups;  // of 32 columns
};

// The parts of a measurement: rows [from, to) in shares.
struct Measurement {
  Sample sample;
  int64_t from, to, share, parts;
  Global<double> sums, squares;  // [parts, d]
};

// Sums and sums of squares of a part's rows, less the first of all rows. (Its distance from their mean is at
// most √N deviations: doubles lose nothing to it.)
__global__ void measure_kernel(Measurement m) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarp + lane,
                first = m.from + blockIdx.y * m.share;
  const int64_t last = first + m.share < m.to ? first + m.share : m.to;
  double sum = 0, square = 0;
  if (column < m.sample.d) {
    const double origin = m.sample.at(m.from, column);
#pragma unroll 4
    for (int64_t row = first + warp; row < last; row += kColumnWarps) {
      const double value = m.sample.at(row, column) - origin;
      sum += value;
      square += value * value;
    }
  }
  sum = sum_warps(sum);
  square = sum_warps(square);
  if (warp != 0 || column >= m.sample.d) return;
  m.sums[blockIdx.y * m.sample.d + column] = sum;
  m.squares[blockIdx.y * m.sample.d + column] = square;
}

// All parts of 32 columns.
__global__ void moments_kernel(Measurement m, Moments out) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t d = m.sample.d, column = static_cast<int64_t>(blockIdx.x) * kWarp + lane;
  double sum = 0, square = 0;
  for (int64_t part = warp; part < m.parts && column < d; part += kColumnWarps) {
    sum += m.sums[part * d + column];
    square += m.squares[part * d + column];
  }
  const double count = static_cast<double>(m.to - m.from);
  sum = sum_warps(sum) / count;
  square = sum_warps(square) / count;
  if (warp != 0) return;
  double variance = square - sum * sum;
  if (variance < 0) variance = 0;
  if (column < d) out.mean[column] = m.sample.at(m.from, column) + sum;
  variance = reduce_warp(column < d ? variance : 0.0, Plus());
  if (lane == 0) out.spread[blockIdx.x] = variance;
}

// Of rows [from, to) of the pooled sample; its memory is null, and the call failed, when memory is out.
inline Moments measure(Call& call, const Sample& sample, int64_t from, int64_t to) {
  const int64_t d = sample.d, groups = (d + kWarp - 1) / kWarp, rows = to - from;
  const int64_t share = column_share(rows, groups), parts = (rows + share - 1) / share;
  const Moments out{scratch<double>(call, d), scratch<double>(call, groups), groups};
  const Measurement m{
      sample, from, to, share, parts, scratch<double>(call, parts * d), scratch<double>(call, parts * d)};
  if (!out.mean || !out.spread || !m.sums || !m.squares) return {{}, {}, 0};
  const auto across = static_cast<unsigned>(groups);
  launch<measure_kernel>(call, {dim3(across, static_cast<unsigned>(parts))}, m);
  launch<moments_kernel>(call, {dim3(across)}, m, out);
  return out;
}

// The sum of a measurement's variances, in every thread of a block.
__device__ inline double total_spread(const Moments& moments) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < moments.groups; i += blockDim.x) sum += moments.spread[i];
  return reduce_block(sum, 0.0, Plus());
}

}  // namespace
}  // namespace landbridge::cuda
