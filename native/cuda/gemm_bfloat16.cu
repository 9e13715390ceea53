#include "gemm_job.h"

namespace lb::cuda {

void multiply_bfloat16(lb_call& call, const Product& product) {
  multiply_in<Bfloat16>(static_cast<Call&>(call), product);
}

}  // namespace lb::cuda
