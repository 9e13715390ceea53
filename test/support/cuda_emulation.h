// CUDA's execution model on the host, for kernels compiled with LANDBRIDGE_CUDA_EMULATED: all that CUDA,
// landbridge/cuda/pointers.h and landbridge/cuda/instructions.h give a kernel, with checks. A mistake fails
// the call with a sentence that names kernel, block and thread. Blocks run one by one, their threads as
// fibers.
#pragma once

#include "cuda_emulation/instructions.h"
