// Sums of the columns of a matrix, in double: a block has a column in each lane, and every eighth row in a
// warp. Rows are cut by the shape alone, and parts are added in order.
#pragma once

#include "landbridge/cuda/warp.h"

namespace landbridge::cuda {
namespace {

constexpr int kColumnWarps = kThreads / kWarp;

// The sum over the block's warps in each lane, in order, for warp 0; the others receive anything.
__device__ inline double sum_warps(double value) {
  __shared__ Shared<double, kThreads> of_threads;
  const int thread = static_cast<int>(threadIdx.x);
  of_threads[thread] = value;
  sync_block();
  double sum = 0;
  if (thread < kWarp) {
    for (int i = thread; i < static_cast<int>(kThreads); i += kWarp) sum += of_threads[i];
  }
  sync_block();  // of_threads may be written again
  return sum;
}

// How many rows a part has: enough blocks for any GPU, but at least 64 rows for each. `groups`: of 32
// columns.
inline int64_t column_share(int64_t rows, int64_t groups) {
  constexpr int64_t kBlocks = 512, kRows = 64;
  const int64_t most = (rows + kRows - 1) / kRows, wanted = groups > 0 ? (kBlocks + groups - 1) / groups : 1;
  const int64_t parts = most < wanted ? most : wanted;
  return parts > 0 ? (rows + parts - 1) / parts : 1;
}

// partial[part][column] = the sum over the part's rows.
__global__ void column_sums_kernel(Global<const float> x, int64_t rows, int64_t columns, int64_t share,
                                   Global<double> partial) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarp + threadIdx.x % kWarp;
  const int64_t first = blockIdx.y * share, last = first + share < rows ? first + share : rows;
  double sum = 0;
#pragma unroll 4
  for (int64_t row = first + warp; row < last && column < columns; row += kColumnWarps)
    sum += x[row * columns + column];
  sum = sum_warps(sum);
  if (warp == 0 && column < columns) partial[blockIdx.y * columns + column] = sum;
}

__global__ void combine_columns_kernel(Global<const double> partial, int64_t parts, int64_t columns,
                                       Global<float> out) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarp + threadIdx.x % kWarp;
  double sum = 0;
  for (int64_t part = warp; part < parts && column < columns; part += kColumnWarps)
    sum += partial[part * columns + column];
  sum = sum_warps(sum);
  if (warp == 0 && column < columns) out[column] = static_cast<float>(sum);
}

// out[columns] = the sums of the columns of x[rows, columns].
inline void sum_columns(Call& call, Global<const float> x, int64_t rows, int64_t columns, Global<float> out) {
  const int64_t groups = (columns + kWarp - 1) / kWarp, share = column_share(rows, groups);
  const int64_t parts = (rows + share - 1) / share;
  const Global<double> partial = scratch<double>(call, parts * columns);
  if (!partial && parts * columns > 0) return;
  const auto across = static_cast<unsigned>(groups);
  launch<column_sums_kernel>(call, {dim3(across, static_cast<unsigned>(parts))}, x, rows, columns, share,
                             partial);
  launch<combine_columns_kernel>(call, {dim3(across)}, partial, parts, columns, out);
}

}  // namespace
}  // namespace landbridge::cuda
