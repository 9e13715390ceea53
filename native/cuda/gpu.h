// What the GPU at hand has, where kernels choose by it. Known once the library is open (device.cu).
#pragma once

#include <cstddef>

namespace landbridge::cuda {

// Bytes of shared memory that a block can have: 99 KiB on 8.6, 8.9 and 12.0, 163 on 8.0, 227 from 9.0 on.
size_t shared_of_block();

}  // namespace landbridge::cuda
