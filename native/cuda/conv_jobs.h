// The three products of a convolution as jobs of the tile engine (gemm_launch.h), one product per group:
//   ForwardJob  y[point, f]    = Σ patch[point, (tap, c)] · w[(tap, c), f]
//   InputJob    dx[pixel, c]   = Σ patch of dy[pixel, (tap, f)] · w[tap, c, f], apart for each phase of the
//               stride, so that only taps that meet a pixel are multiplied
//   FilterJob   dw[(tap, c), f] = Σ patch[point, (tap, c)] · dy[point, f]
#pragma once

#include "conv_source.h"
#include "gemm_launch.h"

namespace landbridge::cuda {
namespace {

struct ForwardJob {
  static constexpr int kTable = PatchRows::Table::kInts;
  ConvShape shape;
  Global<const float> x, w;
  Finish to;
  bool vector_x, vector_w;

  __device__ int rows(int64_t) const { return shape.forward().points(); }
  __device__ int depth(int64_t) const { return shape.kernel_h * shape.kernel_w * shape.group_channels; }
  __device__ PatchRows left(int64_t z, int row, SharedPointer<int> table) const {
    return {patches_of(x + z * shape.group_channels, shape.forward(), shape.channels, shape.group_channels,
                       vector_x),
            table, row};
  }
  __device__ MatrixSource<false> right(int64_t z, int column) const {
    return MatrixSource<false>{w + z * shape.group_filters, shape.filters, shape.group_filters, depth(z),
                               vector_w}
        .from(column);
  }
  __device__ Finish finish(int64_t z) const {
    const int64_t first = z * shape.group_filters;
    Finish own{to.out + first, to.bias, to.residual, to.relu, false, to.vector};
    if (own.bias) own.bias = own.bias + first;
    if (own.residual) own.residual = own.residual + first;
    return own;
  }
  __device__ int64_t row(int64_t, int i) const { return static_cast<int64_t>(i) * shape.filters; }
};

struct InputJob {
  static constexpr int kTable = PatchRows::Table::kInts;
  ConvShape shape;
  Global<const float> dy, w;
  Finish to;
  bool vector;  // filters come in fours

  // The pixels of a phase: the first, and how many down and across. Cheaper than its window, and asked for
  // per row.
  struct Pixels {
    int top, left, high, wide;
  };

  __device__ Window window(int64_t z) const { return shape.input(static_cast<int>(z / shape.groups)); }
  __device__ int group(int64_t z) const { return static_cast<int>(z % shape.groups); }
  __device__ Pixels pixels(int64_t z) const {
    const int phase = static_cast<int>(z) / shape.groups, a = phase / shape.phases_w(),
              b = phase - a * shape.phases_w();
    return {a, b, (shape.height - a + shape.stride_h - 1) / shape.stride_h,
            (shape.width - b + shape.stride_w - 1) / shape.stride_w};
  }
  __device__ int rows(int64_t z) const {
    const Pixels p = pixels(z);
    return shape.images * p.high * p.wide;
  }
  __device__ int depth(int64_t z) const { return window(z).taps() * shape.group_filters; }
  __device__ PatchRows left(int64_t z, int row, SharedPointer<int> table) const {
    return {patches_of(dy + group(z) * shape.group_filters, window(z), shape.filters, shape.group_filters,
                       vector),
            table, row};
  }
  __device__ FilterColumns right(int64_t z, int column) const {
    const Window seen = window(z);
    return {w + group(z) * shape.group_filters,
            seen.h,
            seen.w,
            shape.kernel_w,
            shape.group_channels,
            shape.filters,
            FastDivide(shape.group_filters),
            FastDivide(seen.w.taps),
            depth(z),
            column,
            vector};
  }
  __device__ Finish finish(int64_t z) const {
    return {to.out + group(z) * shape.group_channels, {}, {}, false, false, to.vector};
  }
  __device__ int64_t row(int64_t z, int point) const {
    const Pixels p = pixels(z);
    const int line = point / p.wide, j = point - line * p.wide, i = line % p.high;
    const int64_t image = line / p.high;
    return ((image * shape.height + p.top + i * shape.stride_h) * shape.width + p.left + j * shape.stride_w) *
           shape.channels;
  }
};

struct FilterJob {
  static constexpr int kTable = PatchColumns::Table::kInts;
  ConvShape shape;
  Global<const float> x, dy;
  Finish to;
  FastDivide image, line;  // points of an image, of a row
  bool vector_x, vector_dy;

  __device__ int rows(int64_t) const { return shape.kernel_h * shape.kernel_w * shape.group_channels; }
  __device__ int depth(int64_t) const { return shape.forward().points(); }
  __device__ PatchColumns left(int64_t z, int row, SharedPointer<int> table) const {
    return {patches_of(x + z * shape.group_channels, shape.forward(), shape.channels, shape.group_channels,
                       vector_x),
            table, image, line, row};
  }
  __device__ MatrixSource<false> right(int64_t z, int column) const {
    return MatrixSource<false>{dy + z * shape.group_filters, shape.filters, shape.group_filters, depth(z),
                               vector_dy}
        .from(column);
  }
  __device__ Finish finish(int64_t z) const {
    return {to.out + z * shape.group_filters, {}, {}, false, false, to.vector};
  }
  __device__ int64_t row(int64_t, int i) const { return static_cast<int64_t>(i) * shape.filters; }
};

// Queues the job in the call's precision.
template <class Job>
void multiply_in_precision(Call& call, const Job& job, const ProductShape& shape) {
  switch (call.precision) {
    case LB_PRECISION_tf32:
      return multiply<Tf32>(call, job, shape);
    case LB_PRECISION_bfloat16:
      return multiply<Bfloat16>(call, job, shape);
    default:
      return multiply<Float32>(call, job, shape);
  }
}

}  // namespace
}  // namespace landbridge::cuda
