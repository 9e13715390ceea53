// The product of matrices: checks, and the choice of precision. Each precision is compiled from a source of
// its own.
#include "gemm.h"
#include "library_matmul.h"

namespace landbridge::cuda {

void multiply_matrices(lb_call& plain, const Product& product) {
  auto& call = static_cast<landbridge::Call&>(plain);
  constexpr int64_t kMost = INT32_MAX - 127;  // rounded up to a tile it still fits
  const lb_gemm& p = product;
  if (p.m == 0 || p.n == 0 || product.batches == 0) return;
  LANDBRIDGE_REQUIRE(p.m <= kMost && p.n <= kMost && p.k <= kMost,
                     "expected matrices of fewer than 2^31 rows and columns on a GPU, received larger ones");
  if (multiply_by_library(call, product)) return;
  switch (call.precision) {
    case LB_PRECISION_tf32:
      return multiply_tf32(call, product);
    case LB_PRECISION_bfloat16:
      return multiply_bfloat16(call, product);
    default:
      return multiply_float32(call, product);
  }
}

}  // namespace landbridge::cuda
