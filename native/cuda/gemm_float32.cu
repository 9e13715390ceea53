#include "gemm_job.h"

namespace lb::cuda {

void multiply_float32(lb_call& call, const Product& product) {
  multiply_in<Float32>(static_cast<Call&>(call), product);
}

}  // namespace lb::cuda
