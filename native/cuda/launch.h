// How CUDA kernels are launched: one function, so that the same source also runs on the host
// (LANDBRIDGE_CUDA_EMULATED, see test/support/cuda_emulation.h) and every launch is checked.
#pragma once

#include "landbridge/kernel.h"

#ifdef LANDBRIDGE_CUDA_EMULATED
  #include "cuda_emulation.h"
#else
  #include <cuda_runtime.h>
#endif

namespace lb::cuda {
namespace {

constexpr unsigned kBlock = 256;

// As many blocks as `count` threads need, with each thread striding over the grid past 2^20 blocks.
inline dim3 grid_for(int64_t count) {
  const int64_t blocks = (count + kBlock - 1) / kBlock;
  return dim3(static_cast<unsigned>(blocks < 1 ? 1 : blocks > (1 << 20) ? (1 << 20) : blocks));
}

// Launches kernel<<<grid, block, 0, the call's stream>>>(arguments...); a launch error fails the call.
template <class... Parameters, class... Arguments>
void launch([[maybe_unused]] landbridge::Call& call, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            Arguments... arguments) {
#ifdef LANDBRIDGE_CUDA_EMULATED
  emulate(grid, block, [&] { kernel(static_cast<Parameters>(arguments)...); });
#else
  kernel<<<grid, block, 0, static_cast<cudaStream_t>(call.stream)>>>(static_cast<Parameters>(arguments)...);
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) call.fail(cudaGetErrorString(error));
#endif
}

}  // namespace
}  // namespace lb::cuda
