// ‖C(x) − C(y)‖² from the covariances themselves: D = XᵀX − YᵀY of the centred rows, of which only the blocks
// on and above the diagonal are multiplied out; the gradients are X·D and −Y·D.
#pragma once
#include "landbridge/kernel.h"

namespace lb {
namespace {

using landbridge::Call;

constexpr int64_t kCovarianceBlock = 256;  // columns of a product
constexpr int64_t kSubtractBlock = 64;     // a square of D that is subtracted and mirrored at once

// The blocks of XᵀX for x[n,d] that touch its upper triangle.
inline void upper_covariance(Call& call, const float* x, int64_t n, int64_t d, float* out) {
  for (int64_t j = 0; j < d; j += kCovarianceBlock) {
    lb_gemm product{};
    product.n = d - j < kCovarianceBlock ? d - j : kCovarianceBlock;
    product.m = j + product.n;
    product.k = n;
    product.a = x;
    product.b = x + j;
    product.c = out + j;
    product.lda = product.ldb = product.ldc = d;
    product.transpose_a = 1;
    call.gemm(product);
  }
}

// One square of D = a − b in place of a, and its mirror image; returns its part of ‖D‖².
inline double subtract_square(float* a, const float* b, int64_t d, int64_t i0, int64_t j0) {
  const int64_t i1 = i0 + kSubtractBlock < d ? i0 + kSubtractBlock : d;
  const int64_t j1 = j0 + kSubtractBlock < d ? j0 + kSubtractBlock : d;
  double sum = 0;
  for (int64_t i = i0; i < i1; ++i) {
    for (int64_t j = i0 == j0 ? i : j0; j < j1; ++j) {
      const double difference = static_cast<double>(a[i * d + j]) - static_cast<double>(b[i * d + j]);
      a[i * d + j] = a[j * d + i] = static_cast<float>(difference);
      sum += (i == j ? 1 : 2) * difference * difference;
    }
  }
  return sum;
}

// D = a − b in place of a, both given above the diagonal; returns ‖D‖².
inline double subtract_symmetric(Call& call, float* a, const float* b, int64_t d) {
  const int64_t across = (d + kSubtractBlock - 1) / kSubtractBlock;
  double* sums = call.workspace<double>(across * across);
  if (sums == nullptr) return 0;
  call.parallel_for(across * across, 4, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const int64_t i = at / across, j = at % across;
      sums[at] = j < i ? 0 : subtract_square(a, b, d, i * kSubtractBlock, j * kSubtractBlock);
    }
  });
  double sum = 0;
  for (int64_t at = 0; at < across * across; ++at) sum += sums[at];
  return sum;
}

inline void multiply_difference(Call& call, const float* x, const float* difference, int64_t n, int64_t d,
                                float* out) {
  lb_gemm product{};
  product.m = n;
  product.n = product.k = d;
  product.a = x;
  product.b = difference;
  product.c = out;
  product.lda = product.ldb = product.ldc = d;
  call.gemm(product);
}

}  // namespace
}  // namespace lb
