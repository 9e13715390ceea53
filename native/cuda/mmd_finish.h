// What is left when all pairs are summed: parts are added in order, scaled, and written out.
#pragma once

#include "mmd_sample.h"

namespace landbridge::cuda {
namespace {

// What is known of the sample before its pairs are visited: whether the results are 0, NaN (then what was
// computed of them means nothing) or neither, and the scales of x and y.
struct Facts {
  Global<double> state;  // 0, NaN, or another number
  Global<double> scale;  // [2]
};

// value = max(total·factor + offset, least); gradient_i = scale of the side · gradient · (Σ_j w_ij·z_i − Σ_j
// w_ij z_j).
struct Closing {
  double factor, offset, least, gradient;
};

// What the sums of pairs have left: parts of the value, and for rows from tile `first` on, parts of the sums
// of weights (null: 0) and of weighted rows.
struct Sums {
  Global<const double> values, rows;
  Global<const float> gradients;
  int64_t value_parts, row_parts, gradient_parts, first, owners;
};

__global__ void value_kernel(Sums sums, Facts facts, Closing closing, Global<float> out) {
  double total = 0;
  for (int64_t i = threadIdx.x; i < sums.value_parts; i += blockDim.x) total += sums.values[i];
  total = reduce_block(total, 0.0, Plus());
  const double state = facts.state[0], value = total * closing.factor + closing.offset;
  if (threadIdx.x != 0) return;
  out[0] = static_cast<float>(state > 0 ? (value < closing.least ? closing.least : value) : state);
}

constexpr unsigned kFinishThreads = 64;  // per row, four rows to a block

// The sum of a row's parts, `stride` apart.
template <class To, class From>
__device__ To sum_parts(const Global<From>& parts, int64_t at, int64_t count, int64_t stride) {
  To sum = 0;
  for (int64_t part = 0; part < count; ++part) sum += parts[part * stride + at];
  return sum;
}

__global__ void gradient_kernel(Sums sums, Facts facts, Closing closing, Placed p, int64_t d,
                                Global<float> dx, Global<float> dy) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y, rows = sums.owners * kTile;
  const int64_t position = sums.first * kTile + row;
  const bool of_x = position < p.x_tiles * kTile;
  const int64_t index = of_x ? position : position - p.x_tiles * kTile;
  if (row >= rows || index >= (of_x ? p.n : p.m)) return;
  const double state = facts.state[0];
  const Global<float> out = (of_x ? dx : dy) + index * d;
  const float factor = static_cast<float>(closing.gradient * facts.scale[of_x ? 0 : 1]);
  const float own =
      sums.rows ? static_cast<float>(sum_parts<double>(sums.rows, row, sums.row_parts, rows)) : 0.0f;
  for (int64_t c = threadIdx.x; c < d; c += blockDim.x) {
    const float weighted = sum_parts<float>(sums.gradients, row * p.ld + c, sums.gradient_parts, rows * p.ld);
    const float z = p.z[position * p.ld + c];
    out[c] = state > 0 ? factor * (own * z - weighted) : static_cast<float>(state);
  }
}

inline void finish_gradient(Call& call, const Sums& sums, const Facts& facts, const Closing& closing,
                            const Placed& p, int64_t d, Global<float> dx, Global<float> dy) {
  const auto blocks = static_cast<unsigned>(sums.owners * kTile / 4);
  launch<gradient_kernel>(call, {dim3(blocks), dim3(kFinishThreads, 4)}, sums, facts, closing, p, d, dx, dy);
}

}  // namespace
}  // namespace landbridge::cuda
