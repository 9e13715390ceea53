// What the three convolution kernels share: the geometry. NHWC activations, HWIO filters.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
namespace {

using landbridge::Call;
using landbridge::View;

// x[images, height, width, channels], w[kernel_h, kernel_w, channels/groups, filters],
// y[images, out_h, out_w, filters]. Params: stride, padding before (top, left), dilation, groups, activation,
// whether Winograd's algorithm may be used.
struct Convolution {
  int64_t images, height, width, channels;
  int64_t kernel_h, kernel_w;
  int64_t out_h, out_w, filters;
  int64_t stride_h, stride_w, top, left, dilation_h, dilation_w, groups;
  int64_t group_channels, group_filters;
  int64_t depth;  // elements of one patch of one group
  bool relu, winograd;
  bool valid;

  Convolution(const Call& call, const View& x, const View& w, const View& y) {
    valid = x.rank == 4 && w.rank == 4 && y.rank == 4 && call.param_count >= 9;
    if (!valid) return;
    images = x.dim(0), height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    kernel_h = w.dim(0), kernel_w = w.dim(1), group_channels = w.dim(2);
    out_h = y.dim(1), out_w = y.dim(2), filters = y.dim(3);
    stride_h = call.integer(0), stride_w = call.integer(1);
    top = call.integer(2), left = call.integer(3);
    dilation_h = call.integer(4), dilation_w = call.integer(5);
    groups = call.integer(6);
    relu = call.integer(7) == LB_ACTIVATION_relu;
    winograd = call.flag(8);
    valid = stride_h > 0 && stride_w > 0 && dilation_h > 0 && dilation_w > 0 && groups > 0 && kernel_h > 0 &&
            kernel_w > 0 && group_channels * groups == channels && filters % groups == 0 &&
            w.dim(3) == filters && y.dim(0) == images;
    if (!valid) return;
    group_filters = filters / groups;
    depth = kernel_h * kernel_w * group_channels;
  }

  int64_t out_rows() const { return images * out_h; }
  int64_t in_pixels() const { return images * height * width; }
  int64_t out_pixels() const { return images * out_h * out_w; }
  int64_t in_y(int64_t oh, int64_t kh) const { return oh * stride_h - top + kh * dilation_h; }
  int64_t in_x(int64_t ow, int64_t kw) const { return ow * stride_w - left + kw * dilation_w; }

  // A product of the image as it lies, without any patches.
  bool pointwise() const {
    return kernel_h == 1 && kernel_w == 1 && stride_h == 1 && stride_w == 1 && top == 0 && left == 0 &&
           out_h == height && out_w == width;
  }
  bool depthwise() const { return group_channels == 1 && group_filters == 1 && groups > 1; }
};

}  // namespace
}  // namespace lb
