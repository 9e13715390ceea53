#include "gemm_job.h"

namespace landbridge::cuda {

void multiply_float32(lb_call& call, const Product& product) {
  multiply_in<Float32>(static_cast<Call&>(call), product);
}

}  // namespace landbridge::cuda
