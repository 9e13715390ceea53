// C = activation(op(A)·op(B) + C·accumulate + bias + residual), batched: the product of matrices that all
// kernels share.
#pragma once

#include "landbridge/kernel.h"

namespace landbridge::cuda {

constexpr int kBatchAxes = LANDBRIDGE_MAX_RANK - 2;

struct Product : lb_gemm {
  const float* residual = nullptr;  // lies as C does, added before the activation; null: none
  int64_t batches = 1;              // C's follow one another
  // The batch axes, outermost first, and how far the next matrix of A and B lies along each; 0 where it is
  // shared.
  int axes = 0;
  int64_t shape[kBatchAxes] = {}, stride_a[kBatchAxes] = {}, stride_b[kBatchAxes] = {};
};

// Queues the product (C++'s Call is each source's own: the plain call crosses between them) in the call's
// precision. Sizes of 2^31 and more fail the call.
void multiply_matrices(lb_call& call, const Product& product);

// What the precisions' own sources define; multiply_matrices chooses.
void multiply_float32(lb_call& call, const Product& product);
void multiply_tf32(lb_call& call, const Product& product);
void multiply_bfloat16(lb_call& call, const Product& product);

}  // namespace landbridge::cuda
