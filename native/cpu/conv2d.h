// What the three convolution kernels share: the geometry, the patches of a tile of output rows gathered for
// a matrix product, and their counterpart, columns added back to the image. NHWC activations, HWIO filters.
#pragma once

#include <string.h>

#include "landbridge/kernel.h"

namespace lb {
namespace {

using landbridge::Call;
using landbridge::View;

constexpr int64_t kTileElements = 1 << 20;  // floats of patches held at once: 4 MB
constexpr int64_t kConvGrain = 1 << 14;     // elements moved per chunk

// x[images, height, width, channels], w[kernel_h, kernel_w, channels/groups, filters],
// y[images, out_h, out_w, filters]. Params: stride, padding before (top, left), dilation, groups,
// activation (of conv2d alone), whether Winograd's algorithm may be used.
struct Convolution {
  int64_t images, height, width, channels;
  int64_t kernel_h, kernel_w;
  int64_t out_h, out_w, filters;
  int64_t stride_h, stride_w, top, left, dilation_h, dilation_w, groups;
  int64_t group_channels, group_filters;
  int64_t depth;  // elements of one patch of one group
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
    valid = stride_h > 0 && stride_w > 0 && dilation_h > 0 && dilation_w > 0 && groups > 0 && kernel_h > 0 &&
            kernel_w > 0 && group_channels * groups == channels && filters % groups == 0 &&
            w.dim(3) == filters && y.dim(0) == images;
    if (!valid) return;
    group_filters = filters / groups;
    depth = kernel_h * kernel_w * group_channels;
  }

  int64_t out_rows() const { return images * out_h; }
  int64_t in_y(int64_t oh, int64_t kh) const { return oh * stride_h - top + kh * dilation_h; }
  int64_t in_x(int64_t ow, int64_t kw) const { return ow * stride_w - left + kw * dilation_w; }

  // A product of the image as it lies, without any patches.
  bool pointwise() const {
    return kernel_h == 1 && kernel_w == 1 && stride_h == 1 && stride_w == 1 && top == 0 && left == 0 &&
           out_h == height && out_w == width;
  }
  bool depthwise() const { return group_channels == 1 && group_filters == 1 && groups > 1; }

  // Output rows whose patches fill one tile.
  int64_t tile_rows() const {
    const int64_t row = out_w * depth * groups;
    const int64_t fit = row > 0 ? kTileElements / row : out_rows();
    return fit < 1 ? 1 : (fit < out_rows() ? fit : out_rows());
  }
};

// Matrices [pixels, depth], one per group.
struct Patches {
  float* data;
  int64_t row, group;  // distances of neighbouring rows and of neighbouring groups
};

inline Patches tile_patches(const Convolution& c, float* buffer, int64_t rows) {
  return {buffer, c.depth, rows * c.out_w * c.depth};
}

// The image itself as patches of a pointwise convolution, which only reads them.
inline Patches image_patches(const Convolution& c, const float* x) {
  return {const_cast<float*>(x), c.channels, c.group_channels};
}

inline int64_t grain_of(int64_t row_elements) {
  return row_elements < kConvGrain ? kConvGrain / (row_elements > 0 ? row_elements : 1) : 1;
}

// One kernel row of one patch. `source`: the input row, null where it lies in the padding.
inline void gather_taps(const Convolution& c, const float* source, int64_t ow, float* target) {
  const int64_t first = c.in_x(ow, 0), size = c.group_channels;
  const bool inside = first >= 0 && first + c.kernel_w <= c.width;
  if (source != nullptr && inside && c.dilation_w == 1 && c.groups == 1) {
    memcpy(target, source + first * c.channels, static_cast<size_t>(c.kernel_w * size) * sizeof(float));
    return;
  }
  for (int64_t kw = 0; kw < c.kernel_w; ++kw, target += size) {
    const int64_t iw = c.in_x(ow, kw);
    if (source != nullptr && iw >= 0 && iw < c.width) {
      memcpy(target, source + iw * c.channels, static_cast<size_t>(size) * sizeof(float));
    } else {
      memset(target, 0, static_cast<size_t>(size) * sizeof(float));
    }
  }
}

// The patches of output row `row` (counted over all images), for every group.
inline void gather_row(const Convolution& c, const float* x, int64_t row, const Patches& patches,
                       float* target) {
  const int64_t image = row / c.out_h, oh = row % c.out_h;
  for (int64_t group = 0; group < c.groups; ++group) {
    for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
      const int64_t ih = c.in_y(oh, kh);
      const bool inside = ih >= 0 && ih < c.height;
      const float* source =
          inside ? x + (image * c.height + ih) * c.width * c.channels + group * c.group_channels : nullptr;
      float* out = target + group * patches.group + kh * c.kernel_w * c.group_channels;
      for (int64_t ow = 0; ow < c.out_w; ++ow) gather_taps(c, source, ow, out + ow * c.depth);
    }
  }
}

// The patches of output rows [first, last), side by side (im2col).
inline void gather(Call& call, const Convolution& c, const float* x, int64_t first, int64_t last,
                   const Patches& patches) {
  const int64_t row = c.out_w * c.depth;
  call.parallel_for(last - first, grain_of(row * c.groups), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) gather_row(c, x, first + i, patches, patches.data + i * row);
  });
}

// Adds what the patches of output row `oh` hold for kernel row `kh` to one input row.
inline void scatter_taps(const Convolution& c, const float* patch, float* dx) {
  for (int64_t ow = 0; ow < c.out_w; ++ow, patch += c.depth) {
    for (int64_t kw = 0; kw < c.kernel_w; ++kw) {
      const int64_t iw = c.in_x(ow, kw);
      if (iw < 0 || iw >= c.width) continue;
      const float* source = patch + kw * c.group_channels;
      float* target = dx + iw * c.channels;
      for (int64_t i = 0; i < c.group_channels; ++i) target[i] += source[i];
    }
  }
}

// The output row that kernel row `kh` connects with input row `ih`; -1 where there is none.
inline int64_t out_row(const Convolution& c, int64_t ih, int64_t kh) {
  const int64_t at = ih + c.top - kh * c.dilation_h;
  return at < 0 || at % c.stride_h != 0 || at / c.stride_h >= c.out_h ? -1 : at / c.stride_h;
}

// Adds the patches of output rows [first, last) to the image (col2im). Each input row has one owner, which
// adds in the order of the kernel's rows and columns.
inline void scatter(Call& call, const Convolution& c, const Patches& patches, int64_t first, int64_t last,
                    float* dx) {
  const int64_t row0 = first / c.out_h * c.height, row1 = ((last - 1) / c.out_h + 1) * c.height;
  const int64_t row_size = c.width * c.channels;
  call.parallel_for(row1 - row0, grain_of(row_size * c.kernel_h * c.kernel_w), [&](int64_t b, int64_t e) {
    for (int64_t row = row0 + b; row < row0 + e; ++row) {
      for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
        const int64_t oh = out_row(c, row % c.height, kh), at = row / c.height * c.out_h + oh - first;
        if (oh < 0 || at < 0 || at >= last - first) continue;
        const float* patch = patches.data + at * c.out_w * c.depth + kh * c.kernel_w * c.group_channels;
        for (int64_t group = 0; group < c.groups; ++group) {
          scatter_taps(c, patch + group * patches.group, dx + row * row_size + group * c.group_channels);
        }
      }
    }
  });
}

}  // namespace
}  // namespace lb
