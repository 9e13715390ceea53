// Windows of a pooling over [N, H, W, C]. Params: kernel, stride, padding before (top, left), include_pad.
#pragma once

#include "elementwise.h"

namespace landbridge::cuda {
namespace {

// Division by a number that is known beforehand: a multiplication and a shift where indices are below 2^31
// (Granlund and Montgomery 1994), for a thread's few divisions would take longer than its memory accesses.
struct IndexDivider {
  int64_t by;
  uint32_t factor = 0;
  int shift = 0;
  bool quick;

  // For numbers below `end`.
  IndexDivider(int64_t divisor, int64_t end)
      : by(divisor > 0 ? divisor : 1), quick(end <= INT32_MAX && by <= INT32_MAX) {
    if (!quick) return;
    while ((int64_t{1} << shift) < by) ++shift;
    factor = static_cast<uint32_t>((((uint64_t{1} << shift) - static_cast<uint64_t>(by)) << 32) /
                                   static_cast<uint64_t>(by)) +
             1;
  }
  __device__ int64_t quotient(int64_t n) const {
    if (!quick) return n / by;
    const auto low = static_cast<uint32_t>(n);
    return (static_cast<uint32_t>((static_cast<uint64_t>(low) * factor) >> 32) + low) >> shift;
  }
  // Divides n, and gives the remainder.
  __device__ int64_t split(int64_t& n) const {
    const int64_t all = n;
    n = quotient(all);
    return all - n * by;
  }
};

struct Pixel {
  int64_t image, y, x, channel;
};

// Where the elements of an [N, H, W, C] tensor stand.
struct Places {
  IndexDivider height, width, channels;

  explicit Places(const View& view)
      : height(view.dim(1), view.count), width(view.dim(2), view.count), channels(view.dim(3), view.count) {}
  __device__ Pixel of(int64_t i) const {
    Pixel pixel;
    pixel.channel = channels.split(i);
    pixel.x = width.split(i);
    pixel.y = height.split(i);
    pixel.image = i;
    return pixel;
  }
};

struct Range {
  int64_t begin, end;
};

struct Pooling {
  int64_t height, width, channels, out_h, out_w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, top, left;
  bool include_pad, valid;

  Pooling(const Call& call, const View& x, const View& y) {
    valid = x.rank == 4 && y.rank == 4 && x.dim(0) == y.dim(0) && x.dim(3) == y.dim(3);
    if (!valid) return;
    height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    out_h = y.dim(1), out_w = y.dim(2);
    kernel_h = call.integer(0), kernel_w = call.integer(1);
    stride_h = call.integer(2), stride_w = call.integer(3);
    top = call.integer(4), left = call.integer(5);
    include_pad = call.flag(6);
    valid = kernel_h > 0 && kernel_w > 0 && stride_h > 0 && stride_w > 0;
  }

  // The part of a window inside the image.
  __device__ Range rows(int64_t oh) const { return inside(oh * stride_h - top, kernel_h, height); }
  __device__ Range columns(int64_t ow) const { return inside(ow * stride_w - left, kernel_w, width); }

  // The windows that contain an input row or column.
  __device__ Range windows_y(int64_t ih) const { return containing(ih + top, kernel_h, stride_h, out_h); }
  __device__ Range windows_x(int64_t iw) const { return containing(iw + left, kernel_w, stride_w, out_w); }

  // 1 / how many elements the mean over a window counts.
  __device__ float share(int64_t oh, int64_t ow) const {
    const Range y = rows(oh), x = columns(ow);
    const int64_t count = include_pad ? kernel_h * kernel_w : (y.end - y.begin) * (x.end - x.begin);
    return 1.0f / static_cast<float>(count);
  }

 private:
  __device__ static Range inside(int64_t first, int64_t size, int64_t limit) {
    return {first < 0 ? 0 : first, first + size < limit ? first + size : limit};
  }
  // Positions and strides fit 32 bits, whose division is several times as fast.
  __device__ static Range containing(int64_t at, int64_t kernel, int64_t stride, int64_t count) {
    const auto step = static_cast<uint32_t>(stride);
    const int64_t first = at < kernel ? 0 : static_cast<uint32_t>(at - kernel) / step + 1;
    const int64_t end = static_cast<uint32_t>(at) / step + 1;
    return {first, end < count ? end : count};
  }
};

}  // namespace
}  // namespace landbridge::cuda
