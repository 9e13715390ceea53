// Products of tiles in shared memory by tensor cores, to float32 accuracy where wanted: a number is a TF32
// number and a rest that is nearly one, x = big + small, and of the four products all but small·small (2^-22
// of the whole) are added.
//
// Tensor cores cut off what does not fit a sum, always towards zero; over a long sum that would add up. So
// they sum few products at a time, and those sums are added with rounding.
#pragma once

#include "mmd_sample.h"

namespace landbridge::cuda {
namespace {

constexpr int kStep = 8;  // columns of the left factor that one instruction takes

// Where a lane stands in the fragments of an instruction (see mma_tf32).
struct Lane {
  int group, member;
  __device__ Lane()
      : group(static_cast<int>(threadIdx.x) % kWarp / 4), member(static_cast<int>(threadIdx.x) % 4) {}
};

// The left factor: its elements for this lane's first row and column; rows are `pitch` apart.
// Any: they may be infinite.
template <int Pitch, bool Any>
struct Left {
  SharedPointer<float> at;
};

// The right factor B[k][n]: elements of neighbouring n are `Across` apart, those of k + 1 `Along`. A lane
// takes the columns member and member + Second of a step of the left factor, so `Second` must suit how that
// one is stored.
template <int Across, int Along, int Second>
struct Right {
  SharedPointer<float> at;
  static constexpr int kAcross = Across, kAlong = Along, kSecond = Second;
};

// Of a finite number, unless Any: small is 0 where x is not finite, since big says all then. Tensor cores
// read the upper 19 bits of what they are given, so `small` needs no rounding.
template <bool Exact, bool Any>
__device__ __forceinline__ void split(float x, uint32_t& big, uint32_t& small) {
  if constexpr (Exact) {
    big = to_tf32(x);
    const float rest = x - __uint_as_float(big);
    small = __float_as_uint(!Any || fabsf(rest) < INFINITY ? rest : 0.0f);
  } else {
    big = __float_as_uint(x);  // rounded when it was stored
  }
}

template <bool Exact, int Pitch, bool Any>
__device__ __forceinline__ void load_left(const Left<Pitch, Any>& left, int k, uint32_t (&big)[2][4],
                                          uint32_t (&small)[2][4]) {
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float x = left.at[(m * 16 + i % 2 * 8) * Pitch + k + i / 2 * 4];
      split<Exact, Any>(x, big[m][i], small[m][i]);
    }
  }
}

template <bool Exact, class R, int N>
__device__ __forceinline__ void load_right(const R& right, int k, uint32_t (&big)[N][2],
                                           uint32_t (&small)[N][2]) {
#pragma unroll
  for (int n = 0; n < N; ++n) {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const float x = right.at[n * 8 * R::kAcross + (k + i * R::kSecond) * R::kAlong];
      split<Exact, false>(x, big[n][i], small[n][i]);
    }
  }
}

template <int N>
__device__ __forceinline__ void multiply_all(float (&sums)[2][N][4], const uint32_t (&a)[2][4],
                                             const uint32_t (&b)[N][2]) {
#pragma unroll
  for (int n = 0; n < N; ++n) {
#pragma unroll
    for (int m = 0; m < 2; ++m) mma_tf32(sums[m][n], a[m], b[n]);
  }
}

// sums += A[32, Steps·8] · B[Steps·8, N·8] by one warp.
template <bool Exact, int Steps, int N, int Pitch, bool Any, class R>
__device__ __forceinline__ void multiply(const Left<Pitch, Any>& left, const R& right,
                                         float (&sums)[2][N][4]) {
  float part[2][N][4] = {};
#pragma unroll 2  // more would want more registers than there are
  for (int step = 0; step < Steps; ++step) {
    uint32_t a[2][4], a_small[2][4], b[N][2], b_small[N][2];
    load_left<Exact>(left, step * kStep, a, a_small);
    load_right<Exact>(right, step * kStep, b, b_small);
    if constexpr (Exact) {
      multiply_all(part, a_small, b);
      multiply_all(part, a, b_small);
    }
    multiply_all(part, a, b);
  }
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int n = 0; n < N; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) sums[m][n][i] += part[m][n][i];
    }
  }
}

}  // namespace
}  // namespace landbridge::cuda
