// Products of matrices as jobs of the tile engine.
#pragma once

#include "gemm.h"
#include "gemm_launch.h"
#include "gemm_matrix.h"

namespace landbridge::cuda {
namespace {

template <bool ByDepthA, bool ByDepthB>
struct MatrixJob {
  static constexpr int kTable = 4;  // none wanted; an array has at least something
  MatrixSource<ByDepthA> a;
  MatrixSource<ByDepthB> b;
  Finish to;
  int64_t ldc;
  int axes;
  int shape[kBatchAxes];
  int64_t stride_a[kBatchAxes], stride_b[kBatchAxes];

  __device__ int rows(int64_t) const { return a.extent; }
  __device__ int depth(int64_t) const { return a.depth; }
  // Where the matrix of batch z begins.
  __device__ int64_t offset(int64_t z, const int64_t (&strides)[kBatchAxes]) const {
    int64_t at = 0;
    for (int axis = axes - 1; axis >= 0; --axis) {
      at += z % shape[axis] * strides[axis];
      z /= shape[axis];
    }
    return at;
  }
  __device__ MatrixSource<ByDepthA> left(int64_t z, int row, SharedPointer<int>) const {
    return MatrixSource<ByDepthA>{a.data + offset(z, stride_a), a.stride, a.extent, a.depth, a.vector}.from(
        row);
  }
  __device__ MatrixSource<ByDepthB> right(int64_t z, int column) const {
    return MatrixSource<ByDepthB>{b.data + offset(z, stride_b), b.stride, b.extent, b.depth, b.vector}.from(
        column);
  }
  __device__ Finish finish(int64_t) const { return to; }
  __device__ int64_t row(int64_t z, int i) const { return (z * a.extent + i) * ldc; }
};

inline bool in_fours(int64_t ld, int64_t length, const int64_t* strides, int axes, const float* data) {
  bool fits = ld % 4 == 0 && length % 4 == 0 && reinterpret_cast<uintptr_t>(data) % 16 == 0;
  for (int axis = 0; axis < axes; ++axis) fits = fits && strides[axis] % 4 == 0;
  return fits;
}

// The floats from A's first to its last in all batches: what bounds are checked against.
inline int64_t span_of(const Product& p, const int64_t* strides, int64_t lines, int64_t ld, int64_t length) {
  int64_t last = lines > 0 ? (lines - 1) * ld + length : 0;
  for (int axis = 0; axis < p.axes; ++axis) last += (p.shape[axis] - 1) * strides[axis];
  return last;
}

template <class Precision, bool ByDepthA, bool ByDepthB>
void multiply_layout(Call& call, const Product& p) {
  const int m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
  const int64_t length_a = ByDepthA ? k : m, length_b = ByDepthB ? k : n;
  MatrixJob<ByDepthA, ByDepthB> job{};
  job.a = {{p.a, span_of(p, p.stride_a, m + k - length_a, p.lda, length_a)},
           p.lda,
           m,
           k,
           in_fours(p.lda, length_a, p.stride_a, p.axes, p.a)};
  job.b = {{p.b, span_of(p, p.stride_b, n + k - length_b, p.ldb, length_b)},
           p.ldb,
           n,
           k,
           in_fours(p.ldb, length_b, p.stride_b, p.axes, p.b)};
  [[maybe_unused]] const int64_t span_c = (p.batches * m - 1) * p.ldc + n;
  job.to = {{p.c, span_c},        {p.bias, n},
            {p.residual, span_c}, p.activation == LB_ACTIVATION_relu,
            p.accumulate != 0,    in_fours(p.ldc, n, nullptr, 0, p.c)};
  job.ldc = p.ldc;
  job.axes = p.axes;
  for (int axis = 0; axis < p.axes; ++axis) {
    job.shape[axis] = static_cast<int>(p.shape[axis]);
    job.stride_a[axis] = p.stride_a[axis], job.stride_b[axis] = p.stride_b[axis];
  }
  multiply<Precision>(call, job, {m, n, k, p.batches});
}

template <class Precision>
void multiply_in(Call& call, const Product& p) {
  if (p.transpose_a) {
    return p.transpose_b ? multiply_layout<Precision, false, true>(call, p)
                         : multiply_layout<Precision, false, false>(call, p);
  }
  p.transpose_b ? multiply_layout<Precision, true, true>(call, p)
                : multiply_layout<Precision, true, false>(call, p);
}

}  // namespace
}  // namespace landbridge::cuda
