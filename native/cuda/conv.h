// What the three convolution kernels share on the host: sizes, checks, and pointwise convolutions, which are
// plain products.
#pragma once

#include "../cpu/conv2d.h"
#include "conv_index.h"
#include "gemm.h"
#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
namespace {

using lb::Convolution;

constexpr const char* kConvMismatch = "expected x[N,H,W,C], w[kh,kw,C/groups,F] and y[N,H',W',F]";
constexpr const char* kConvTooLarge =
    "expected fewer than 2^31 pixels and filter weights on a GPU, received more";

// Whether 32 bits number pixels, taps and weights.
inline bool is_indexable(const Convolution& c) {
  constexpr int64_t kMost = int64_t{1} << 30;  // with room for padding around the image
  const int64_t sizes[] = {c.in_pixels(),
                           c.out_pixels(),
                           c.depth * c.filters,
                           c.channels,
                           c.filters,
                           c.depth,
                           c.stride_h,
                           c.stride_w,
                           c.dilation_h * c.kernel_h,
                           c.dilation_w * c.kernel_w};
  for (const int64_t size : sizes) {
    if (size >= kMost) return false;
  }
  return true;
}

inline ConvShape shape_of(const Convolution& c) {
  const auto i = [](int64_t size) { return static_cast<int>(size); };
  return {
      i(c.images), i(c.height),     i(c.width),      i(c.channels), i(c.kernel_h),       i(c.kernel_w),
      i(c.out_h),  i(c.out_w),      i(c.filters),    i(c.stride_h), i(c.stride_w),       i(c.top),
      i(c.left),   i(c.dilation_h), i(c.dilation_w), i(c.groups),   i(c.group_channels), i(c.group_filters)};
}

inline bool in_fours(int64_t all, int64_t of_group, const View& view) {
  return all % 4 == 0 && of_group % 4 == 0 && reinterpret_cast<uintptr_t>(view.data) % 16 == 0;
}

inline bool is_product(const Convolution& c) {
  return c.pointwise() && c.groups == 1;
}

// Groups too small for tensor cores.
inline bool is_direct(const Convolution& c) {
  return c.groups > 1 && c.group_channels * c.group_filters <= 64;
}

// Whether the direct kernels may take four channels at once.
inline bool in_fours(const Convolution& c, const View& a, const View& b, const View& to) {
  return c.depthwise() && in_fours(c.channels, 4, a) && in_fours(c.channels, 4, b) &&
         in_fours(c.channels, 4, to);
}

}  // namespace
}  // namespace landbridge::cuda
