// One thread per element: how functions of elements are launched.
#pragma once

#include "launch.h"

namespace lb::cuda {
namespace {

template <class F>
__global__ void each_kernel(int64_t count, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) f(i);
}

// Calls f(i) for each i in [0, count), each in a thread of its own:  each(call, n, [=] __device__(int64_t i) { … });
template <class F>
void each(Call& call, int64_t count, F f) {
  launch<each_kernel<F>>(call, grid_for(count), count, f);
}

}  // namespace
}  // namespace lb::cuda
