// Operands that lie in memory as matrices.
#pragma once

#include "gemm_tile.h"

namespace landbridge::cuda {
namespace {

struct Element {
  int64_t offset;
  bool valid;  // otherwise it counts as zero
};

// `extent` rows of A (columns of B) by `depth` steps of k. ByDepth: k lies along memory, and `stride` parts
// rows; otherwise rows lie along memory and `stride` parts the steps of k.
template <bool ByDepth>
struct MatrixSource {
  static constexpr bool kByDepth = ByDepth, kPrepares = false;
  Global<const float> data;
  int64_t stride;
  int extent, depth;
  bool vector;  // copied by 16 bytes: lines and their lengths are multiples of it

  // The same from row (column) `first` on.
  __device__ MatrixSource from(int first) const {
    return {data + first * (ByDepth ? stride : 1), stride, extent - first, depth, vector};
  }
  __device__ __forceinline__ Element outer(int i) const { return {i * (ByDepth ? stride : 1), i < extent}; }
  __device__ __forceinline__ Element deep(int k, int /*in_stage*/) const {
    return {k * (ByDepth ? 1 : stride), k < depth};
  }
  static __device__ __forceinline__ Element place(const Element& row, const Element& k) {
    return {row.offset + k.offset, row.valid && k.valid};
  }
  __device__ __forceinline__ void prepare(int) const {}
};

}  // namespace
}  // namespace landbridge::cuda
