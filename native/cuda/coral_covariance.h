// ‖C(x) − C(y)‖² from the covariances themselves: D = XᵀX − YᵀY of the centred rows; the gradients are X·D
// and −Y·D, with their factors taken into copies of D.
#pragma once

#include "gemm.h"
#include "mmd_finish.h"

namespace landbridge::cuda {
namespace {

// out[d, d] = zᵀz for `rows` rows.
inline void covariance(Call& call, Global<const float> z, int64_t ld, int64_t rows, int64_t d,
                       Global<float> out) {
  Product product{};
  product.m = product.n = d, product.k = rows;
  product.a = product.b = z.data, product.lda = product.ldb = ld;
  product.transpose_a = 1;
  product.c = out.data, product.ldc = d;
  multiply_matrices(call, product);
}

// What becomes of the covariances: D times the factor of each side in their place, and parts of ‖D‖².
struct Difference {
  Global<float> x, y;
  Facts facts;
  double of_x, of_y;  // factors beside the sides' scales
  int64_t count;
  Global<double> values;  // of each block
};

__global__ void difference_kernel(Difference p) {
  const double of_x = p.of_x * p.facts.scale[0], of_y = p.of_y * p.facts.scale[1], state = p.facts.state[0];
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  double sum = 0;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.count; i += step) {
    const double difference = static_cast<double>(p.x[i]) - static_cast<double>(p.y[i]);
    sum += difference * difference;
    p.x[i] = static_cast<float>(state > 0 ? difference * of_x : state);
    p.y[i] = static_cast<float>(state > 0 ? difference * of_y : state);
  }
  sum = reduce_block(sum, 0.0, Plus());
  if (threadIdx.x == 0) p.values[blockIdx.x] = sum;
}

constexpr int64_t kDifferenceBlocks = 512, kDifferenceElements = 1024;  // at most; of one block

// Replaces both covariances; returns parts of ‖D‖² (null: out of memory).
inline Sums subtract(Call& call, Difference p) {
  const int64_t wanted = (p.count + kDifferenceElements - 1) / kDifferenceElements;
  const int64_t blocks = wanted < kDifferenceBlocks ? wanted : kDifferenceBlocks;
  p.values = scratch<double>(call, blocks);
  Sums sums{};
  sums.values = p.values;
  sums.value_parts = blocks;
  if (p.values) launch<difference_kernel>(call, {dim3(static_cast<unsigned>(blocks))}, p);
  return sums;
}

// out[rows, d] = z · difference
inline void multiply_difference(Call& call, Global<const float> z, int64_t ld, int64_t rows, int64_t d,
                                Global<const float> difference, Global<float> out) {
  Product product{};
  product.m = rows, product.n = product.k = d;
  product.a = z.data, product.lda = ld;
  product.b = difference.data, product.ldb = d;
  product.c = out.data, product.ldc = d;
  multiply_matrices(call, product);
}

}  // namespace
}  // namespace landbridge::cuda
