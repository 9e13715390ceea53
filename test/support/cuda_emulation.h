// CUDA's execution model on the host, for kernels compiled with LANDBRIDGE_CUDA_EMULATED: all that CUDA,
// native/cuda/pointers.h and native/cuda/instructions.h give a kernel, with checks. A mistake fails the call
// with a sentence that names kernel, block and thread. Blocks run one after the other, the threads of a block
// as fibers.
#pragma once

#include "cuda_emulation/instructions.h"
#include "cuda_emulation/language.h"
#include "cuda_emulation/machine.h"
#include "cuda_emulation/memory.h"
