#pragma once

#include "gemm.h"

namespace landbridge::cuda {

// Queues the product on cuBLASLt; false where the table keeps it, or where the library is absent or refuses
// it.
bool multiply_by_library(lb_call& call, const Product& product);

}  // namespace landbridge::cuda
