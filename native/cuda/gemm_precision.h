// How 32 x 32 products over 16 steps of k are computed by a warp's tensor cores, one policy per lb_precision.
// The places of an mma are filled as gemm_layout.h says: tile i of A takes rows 4g+2i and 4g+2i+1 for its
// rows g and g+8, tile j of B column 4g+j for its column g, and the steps of k are 4t..4t+3 in that order.
// Element [i][j][2h+c] of a sum therefore is of row 4g+2i+h and column 8t+4c+j.
#pragma once

#include <cfloat>

#include "gemm_layout.h"

namespace landbridge::cuda {
namespace {

using Sums = float[2][4][4];  // of one thread in a block of 32 x 32

// TensorFloat-32: operands are rounded to 10 bits of mantissa.
struct Tf32 {
  static constexpr int kPrecision = LB_PRECISION_tf32;
  using Operand = uint32_t[4][4];
  struct Accumulator {
    Sums sums = {};
    __device__ __forceinline__ float sum(int i, int j, int d) const { return sums[i][j][d]; }
  };

  static __device__ __forceinline__ void convert(const Fragment& f, Operand& to) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int e = 0; e < 4; ++e) to[i][e] = to_tf32(f.value[i][e]);
    }
  }
  static __device__ __forceinline__ void multiply(Accumulator& to, const Operand& a, const Operand& b) {
#pragma unroll
    for (int e = 0; e < 4; e += 2) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const uint32_t left[4] = {a[2 * i][e], a[2 * i + 1][e], a[2 * i][e + 1], a[2 * i + 1][e + 1]};
#pragma unroll
        for (int j = 0; j < 4; ++j) mma_tf32(to.sums[i][j], left, {b[j][e], b[j][e + 1]});
      }
    }
  }
};

// bfloat16 operands, two to a word: one mma takes all 16 steps.
struct Bfloat16 {
  static constexpr int kPrecision = LB_PRECISION_bfloat16;
  using Operand = uint32_t[4][2];
  using Accumulator = Tf32::Accumulator;

  static __device__ __forceinline__ void convert(const Fragment& f, Operand& to) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      to[i][0] = pack_bf16(f.value[i][0], f.value[i][1]);
      to[i][1] = pack_bf16(f.value[i][2], f.value[i][3]);
    }
  }
  static __device__ __forceinline__ void multiply(Accumulator& to, const Operand& a, const Operand& b) {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const uint32_t left[4] = {a[2 * i][0], a[2 * i + 1][0], a[2 * i][1], a[2 * i + 1][1]};
#pragma unroll
      for (int j = 0; j < 4; ++j) mma_bf16(to.sums[i][j], left, {b[j][0], b[j][1]});
    }
  }
};

// float32 from three TF32 products: x = big + small, both rounded; small·small is left out, 2^-22 of the
// product at most.
//  - Tensor cores cut off when they add, which would drift over long sums: main products start from zero in
//    every mma and are added by ordinary, rounding additions; the mixed products are 2^-11 of them and may
//    stay inside.
//  - Where an operand is infinite its small part is NaN and its mixed products are infinity times something
//    small, perhaps zero; the main product alone is right then. Mixed sums that are not finite are therefore
//    dropped at the end: they never are where main is.
//  - The largest floats would round to infinity: big is that of a number just below x, and a sum that only
//    its mixed part carries past the largest float ends there.
struct Float32 {
  static constexpr int kPrecision = LB_PRECISION_float32;
  using Operand = Fragment;  // split where it is used: both parts of all would not fit into registers
  struct Accumulator {
    Sums main = {}, mixed = {};
    __device__ __forceinline__ float sum(int i, int j, int d) const {
      const float large = main[i][j][d], small = mixed[i][j][d], all = large + small;
      if (!(fabsf(small) < INFINITY) || !(fabsf(large) < INFINITY)) return large;
      return fabsf(all) < INFINITY ? all : copysignf(FLT_MAX, large);
    }
  };

  static __device__ __forceinline__ void convert(const Fragment& f, Operand& to) { to = f; }

  // Two steps of k of 4 rows.
  struct Parts {
    uint32_t big[4][2], small[4][2];
    __device__ __forceinline__ Parts(const Fragment& f, int e) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int s = 0; s < 2; ++s) {
          const float x = f.value[i][e + s];
          big[i][s] = to_tf32(x * (1 - 0x1p-12f));
          small[i][s] = to_tf32(x - __uint_as_float(big[i][s]));
        }
      }
    }
  };
  static __device__ __forceinline__ void multiply(Accumulator& to, const Operand& a, const Operand& b) {
#pragma unroll
    for (int e = 0; e < 4; e += 2) {
      const Parts left(a, e), right(b, e);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const uint32_t big[4] = {left.big[2 * i][0], left.big[2 * i + 1][0], left.big[2 * i][1],
                                 left.big[2 * i + 1][1]};
        const uint32_t small[4] = {left.small[2 * i][0], left.small[2 * i + 1][0], left.small[2 * i][1],
                                   left.small[2 * i + 1][1]};
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          float fresh[4] = {};
          mma_tf32(fresh, big, right.big[j]);
          mma_tf32(to.mixed[i][j], big, right.small[j]);
          mma_tf32(to.mixed[i][j], small, right.big[j]);
#pragma unroll
          for (int d = 0; d < 4; ++d) to.main[i][j][d] += fresh[d];
        }
      }
    }
  }
};

}  // namespace
}  // namespace landbridge::cuda
