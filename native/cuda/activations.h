// Functions that neural networks use as activations, written so that neither end cancels or overflows.
#pragma once

#include "landbridge/cuda/platform.h"

namespace landbridge::cuda {
namespace {

// 1 / (1 + e^-x) for x >= 0, e^x / (1 + e^x) below.
__device__ __forceinline__ float sigmoid(float x) {
  const float e = expf(-fabsf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
__device__ __forceinline__ float softplus(float x) {
  return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)));
}

}  // namespace
}  // namespace landbridge::cuda
