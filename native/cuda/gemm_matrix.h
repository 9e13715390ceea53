// Operands that lie in memory as matrices.
#pragma once

#include "gemm_tile.h"

namespace lb::cuda {
namespace {

struct Element {
  int64_t offset;
  bool valid;  // otherwise it counts as zero
};

// `extent` rows of A (columns of B) by `depth` steps of k. ByDepth: k lies along memory, and `stride` parts
// rows; otherwise rows lie along memory and `stride` parts the steps of k. The tile begins at row `first`.
template <bool ByDepth>
struct MatrixSource {
  static constexpr bool kByDepth = ByDepth, kPrepares = false;
  Global<const float> data;
  int64_t stride;
  int extent, depth, first;
  bool vector;  // copied by 16 bytes: lines and their lengths are multiples of it

  __device__ __forceinline__ Element outer(int i) const {
    return {(first + i) * (ByDepth ? stride : 1), first + i < extent};
  }
  __device__ __forceinline__ Element deep(int k, int /*in_stage*/) const {
    return {k * (ByDepth ? 1 : stride), k < depth};
  }
  static __device__ __forceinline__ Element place(const Element& row, const Element& k) {
    const bool valid = row.valid && k.valid;
    return {valid ? row.offset + k.offset : 0, valid};
  }
  __device__ __forceinline__ void prepare(int) const {}
};

}  // namespace
}  // namespace lb::cuda
