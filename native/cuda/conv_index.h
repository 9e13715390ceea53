// The index arithmetic of convolutions: which pixel a tap of a grid point meets, and which taps reach an
// input pixel. Plain functions for host and device; native/test/conv_index_test.cc compares them with naive
// loops.
#pragma once

#include <cstdint>

#include "landbridge/cuda/platform.h"

namespace landbridge::cuda {
namespace {

// n / divisor for 0 <= n < 2^31 by a multiplication (Granlund and Montgomery 1994).
struct FastDivide {
  uint32_t divisor = 1, multiplier = 1, shift = 0;

  FastDivide() = default;
  __host__ __device__ explicit FastDivide(int by) : divisor(by > 0 ? static_cast<uint32_t>(by) : 1) {
    while (shift < 31 && (uint32_t{1} << shift) < divisor) ++shift;
    multiplier = static_cast<uint32_t>((((uint64_t{1} << shift) - divisor) << 32) / divisor + 1);
  }
  __host__ __device__ int quotient(int n) const {
    const auto u = static_cast<uint32_t>(n);
    return static_cast<int>((static_cast<uint32_t>(static_cast<uint64_t>(u) * multiplier >> 32) + u) >>
                            shift);
  }
  __host__ __device__ int remainder(int n, int quotient) const {
    return n - quotient * static_cast<int>(divisor);
  }
};

// One axis of a grid of points that look at an image through taps: tap t of point p meets pixel
// start + p·step + t·tap, and belongs to row (column) first + t·skip of the filter.
struct Axis {
  int points, pixels, taps;
  int start, step, tap;
  int first, skip;
};

// Output pixels and the whole filter.
__host__ __device__ constexpr Axis forward_axis(int pixels, int outputs, int kernel, int stride, int before,
                                                int dilation) {
  return {outputs, pixels, kernel, -before, stride, dilation, 0, 1};
}

// The input pixels phase + p·stride, and those taps of the filter for which an output pixel exists that meets
// them: the ones whose distance the stride divides. The image is dy, `outputs` long.
__host__ __device__ constexpr Axis input_axis(int pixels, int outputs, int kernel, int stride, int before,
                                              int dilation, int phase) {
  // Remainders are followed by additions: a GPU has no division of 64 bits.
  const int turn = dilation % stride;
  int skip = 1, first = 0;
  for (int at = turn; at != 0; at = at < stride - turn ? at + turn : at - (stride - turn)) ++skip;
  int rest = (phase + before) % stride;
  if (rest < 0) rest += stride;
  for (; first < skip && rest != 0; rest = rest < turn ? rest + (stride - turn) : rest - turn) ++first;
  const int points = phase < pixels ? (pixels - phase + stride - 1) / stride : 0;
  const int taps = first < skip && first < kernel ? (kernel - 1 - first) / skip + 1 : 0;
  const auto start = static_cast<int>((phase + before - static_cast<int64_t>(first) * dilation) / stride);
  return {points, outputs, taps, start, 1, -static_cast<int>(static_cast<int64_t>(skip) * dilation / stride),
          first,  skip};
}

// Both axes, and how many images.
struct Window {
  int images;
  Axis h, w;

  __host__ __device__ int points() const { return images * h.points * w.points; }
  __host__ __device__ int taps() const { return h.taps * w.taps; }
};

// A grid point as its first tap sees the image: pixel = (image·height + y)·width + x, which may lie outside.
struct Point {
  int pixel, y, x;
};

constexpr int kOutside = -(1 << 29);  // a row that no tap brings back into an image

__host__ __device__ inline Point point_of(const Window& window, int image, int i, int j) {
  const int y = window.h.start + i * window.h.step, x = window.w.start + j * window.w.step;
  return {(image * window.h.pixels + y) * window.w.pixels + x, y, x};
}
__host__ __device__ inline bool is_inside(const Window& window, int y, int x) {
  return static_cast<unsigned>(y) < static_cast<unsigned>(window.h.pixels) &&
         static_cast<unsigned>(x) < static_cast<unsigned>(window.w.pixels);
}

// The sizes of a convolution, as in lb::Convolution.
struct ConvShape {
  int images, height, width, channels, kernel_h, kernel_w, out_h, out_w, filters;
  int stride_h, stride_w, top, left, dilation_h, dilation_w, groups, group_channels, group_filters;

  __host__ __device__ Window forward() const {
    return {images, forward_axis(height, out_h, kernel_h, stride_h, top, dilation_h),
            forward_axis(width, out_w, kernel_w, stride_w, left, dilation_w)};
  }
  // Phases are numbered row by row.
  __host__ __device__ int phases_w() const { return stride_w < width ? stride_w : width; }
  __host__ __device__ int phases() const { return (stride_h < height ? stride_h : height) * phases_w(); }
  __host__ __device__ Window input(int phase) const {
    const int a = phase / phases_w(), b = phase % phases_w();
    return {images, input_axis(height, out_h, kernel_h, stride_h, top, dilation_h, a),
            input_axis(width, out_w, kernel_w, stride_w, left, dilation_w, b)};
  }
};

}  // namespace
}  // namespace landbridge::cuda
