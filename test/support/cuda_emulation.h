// A first emulation of CUDA's execution model on the host: a grid of blocks of threads, run in nested loops.
// Enough for kernels whose threads do not talk to each other; barriers and shared memory come with the CUDA
// backend.
#pragma once

#include <cstdint>

#define __global__ static
#define __device__
#define __host__

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

static thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

template <class F>
void for_each(dim3 extent, dim3& index, const F& f) {
  for (index.z = 0; index.z < extent.z; ++index.z) {
    for (index.y = 0; index.y < extent.y; ++index.y) {
      for (index.x = 0; index.x < extent.x; ++index.x) f();
    }
  }
}

template <class F>
void emulate(dim3 grid, dim3 block, const F& thread) {
  gridDim = grid;
  blockDim = block;
  for_each(grid, blockIdx, [&] { for_each(block, threadIdx, thread); });
}
