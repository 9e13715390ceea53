// The public API of CUDA kernels: kernel.h, and what built-in kernels are written with.
//
//   #include <landbridge/cuda.h>
//   LANDBRIDGE_KERNEL(scale, cuda, float32) {
//     const auto x = landbridge::cuda::global<const float>(call.in(0));
//     const auto y = landbridge::cuda::global<float>(call.out(0));
//     const float factor = call.param(0);
//     landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { y[i] = factor * x[i]; });
//   }
//
// Built with  nvcc -std=c++20 -O3 --extended-lambda -arch=sm_80 -shared -Xcompiler -fPIC -I <include>
// scale.cu -o scale.so  and loaded with `loadKernels('./scale.so')`. The call's stream is a cudaStream_t:
// work is queued there and nobody waits for it. Written with these names alone, a kernel also runs, checked,
// on the host (platform.h).
#ifndef LANDBRIDGE_CUDA_H_
#define LANDBRIDGE_CUDA_H_

#include "cuda/launch.h"
#include "cuda/warp.h"

#endif  // LANDBRIDGE_CUDA_H_
