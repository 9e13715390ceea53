#include "gemm_job.h"

namespace landbridge::cuda {

void multiply_bfloat16(lb_call& call, const Product& product) {
  multiply_in<Bfloat16>(static_cast<Call&>(call), product);
}

}  // namespace landbridge::cuda
