// What CUDA kernels are written against: CUDA itself under nvcc, or the emulation of its execution model
// under the host compiler (LANDBRIDGE_CUDA_EMULATED, test/support/cuda_emulation.h), which defines the same
// names with checks. Special instructions have thin named functions here, so that every kernel also runs,
// checked, on a machine without a GPU.
#pragma once

#include "../kernel.h"

#ifdef LANDBRIDGE_CUDA_EMULATED
  #include "cuda_emulation.h"
#else
  #include <cuda_runtime.h>

  #include "instructions.h"
  #include "pointers.h"
#endif
