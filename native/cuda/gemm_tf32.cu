#include "gemm_job.h"

namespace landbridge::cuda {

void multiply_tf32(lb_call& call, const Product& product) {
  multiply_in<Tf32>(static_cast<Call&>(call), product);
}

}  // namespace landbridge::cuda
