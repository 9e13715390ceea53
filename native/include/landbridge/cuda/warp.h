// Reductions by a warp and by a block, always in the same order, so that the same input gives the same bits.
#pragma once

#include "launch.h"

namespace landbridge::cuda {
namespace {

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
// The larger one; NaN if either is.
struct Larger {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};

// The combination of all lanes' values, in every lane.
template <class T, class Combine>
__device__ T reduce_warp(T value, Combine combine) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value = combine(value, shuffle_xor(value, mask));
  return value;
}

// The combination of the values of all threads of a one-dimensional block of whole warps, in every thread.
// `identity` changes nothing. May be called again at once.
template <class T, class Combine>
__device__ T reduce_block(T value, T identity, Combine combine) {
  __shared__ Shared<T, kWarp> of_warps;
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  value = reduce_warp(value, combine);
  if (lane == 0) of_warps[warp] = value;
  sync_block();
  T part = identity;
  if (lane < warps) part = of_warps[lane];
  value = reduce_warp(part, combine);
  sync_block();  // of_warps may be written again
  return value;
}

}  // namespace
}  // namespace landbridge::cuda
