// Windows of a pooling over [N, H, W, C]. Params: kernel, stride, padding before (top, left), include_pad.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
namespace {

using landbridge::Call;
using landbridge::View;

constexpr int64_t kPoolChannels = 64;    // channels that are carried at once
constexpr int64_t kPoolGrain = 1 << 14;  // elements per chunk

struct Range {
  int64_t begin, end;
};

struct Pooling {
  int64_t images, height, width, channels, out_h, out_w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, top, left;
  bool include_pad, valid;

  Pooling(const Call& call, const View& x, const View& y) {
    valid = x.rank == 4 && y.rank == 4 && x.dim(0) == y.dim(0) && x.dim(3) == y.dim(3);
    if (!valid) return;
    images = x.dim(0), height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    out_h = y.dim(1), out_w = y.dim(2);
    kernel_h = call.integer(0), kernel_w = call.integer(1);
    stride_h = call.integer(2), stride_w = call.integer(3);
    top = call.integer(4), left = call.integer(5);
    include_pad = call.flag(6);
    valid = kernel_h > 0 && kernel_w > 0 && stride_h > 0 && stride_w > 0;
  }

  // The part of a window inside the image.
  Range rows(int64_t oh) const { return inside(oh * stride_h - top, kernel_h, height); }
  Range columns(int64_t ow) const { return inside(ow * stride_w - left, kernel_w, width); }

  // The windows that contain an input row or column.
  Range windows_y(int64_t ih) const { return containing(ih + top, kernel_h, stride_h, out_h); }
  Range windows_x(int64_t iw) const { return containing(iw + left, kernel_w, stride_w, out_w); }

  // 1 / how many elements the mean over a window counts.
  float share(int64_t oh, int64_t ow) const {
    const Range y = rows(oh), x = columns(ow);
    const int64_t count = include_pad ? kernel_h * kernel_w : (y.end - y.begin) * (x.end - x.begin);
    return 1.0f / static_cast<float>(count);
  }

  int64_t grain(int64_t row_pixels) const {
    const int64_t row = row_pixels * channels * kernel_h * kernel_w;
    return row > 0 && row < kPoolGrain ? kPoolGrain / row : 1;
  }

 private:
  static Range inside(int64_t first, int64_t size, int64_t limit) {
    return {first < 0 ? 0 : first, first + size < limit ? first + size : limit};
  }
  static Range containing(int64_t at, int64_t kernel, int64_t stride, int64_t count) {
    const int64_t first = at < kernel ? 0 : (at - kernel) / stride + 1, end = at / stride + 1;
    return {first, end < count ? end : count};
  }
};

}  // namespace
}  // namespace lb
