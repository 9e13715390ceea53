// The input gradient for images of few channels, such as a network's first layer: three channels would leave
// most lanes of a vector idle. Patches dy·wᵀ are as wide as the filter has taps; each band of the image adds
// up those that touch it, one output row at a time.
#pragma once

#include "conv2d_taps.h"
#include "gemm.h"

namespace lb {
namespace {

constexpr int64_t kFewChannels = 8;
constexpr int64_t kBands = 16;     // of the batch, at least, where there are rows enough
constexpr int64_t kBandRows = 16;  // less would compute too many patches twice

// dx[x, :] += patch at the columns that kernel row `kh` of output row `oh` reaches.
inline void add_kernel_row(const Convolution& c, const float* patches, int64_t kh, float* dx) {
  const int64_t width = c.width * c.channels;
  const int64_t unit = c.dilation_w == 1 ? c.kernel_w : 1, length = unit * c.channels;
  for (int64_t ow = 0; ow < c.out_w; ++ow, patches += c.depth) {
    for (int64_t kw = 0; kw < c.kernel_w; kw += unit) {
      const int64_t start = c.in_x(ow, kw) * c.channels;
      const int64_t skip = start < 0 ? -start : 0, end = least(length, width - start);
      const float* from = patches + (kh * c.kernel_w + kw) * c.channels;
      for (int64_t i = skip; i < end; i += simd::kLanes) {
        const int64_t lanes = least(simd::kLanes, end - i);
        float* to = dx + start + i;
        simd::store(to, simd::load(to, lanes) + simd::load(from + i, lanes), lanes);
      }
    }
  }
}

// Rows [first, last) of one image's gradient.
inline bool scatter_band(const Convolution& c, const float* dy, const float* w, int64_t first, int64_t last,
                         float* patches, float* dx) {
  simd::zero_run(dx + first * c.width * c.channels, (last - first) * c.width * c.channels);
  const int64_t above = first + c.top - (c.kernel_h - 1) * c.dilation_h;
  const int64_t oh0 = above > 0 ? simd::divide_up(above, c.stride_h) : 0;
  for (int64_t oh = oh0; oh < c.out_h && c.in_y(oh, 0) < last; ++oh) {
    const simd::Gemm g{c.out_w,   c.depth, c.filters, dy + oh * c.out_w * c.filters,
                       c.filters, false,   w,         c.filters,
                       true,      patches, c.depth,   nullptr,
                       false,     false};
    if (!simd::gemm(g, {})) return false;
    for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
      const int64_t row = c.in_y(oh, kh);
      if (row >= first && row < last) add_kernel_row(c, patches, kh, dx + row * c.width * c.channels);
    }
  }
  return true;
}

inline void scatter_input(Call& call, const Convolution& c, const float* dy, const float* w, float* dx) {
  const int64_t wanted = simd::divide_up(c.height, simd::divide_up(kBands, c.images));
  const int64_t rows = wanted < kBandRows ? kBandRows : wanted, bands = simd::divide_up(c.height, rows);
  const int64_t patch = c.out_w * c.depth;
  float* patches = call.workspace<float>(c.images * bands * patch + 1);
  if (patches == nullptr) return;
  call.parallel_for(c.images * bands, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / bands, first = task % bands * rows;
      if (!scatter_band(c, dy + image * c.out_h * c.out_w * c.filters, w, first,
                        least(first + rows, c.height), patches + task * patch,
                        dx + image * c.height * c.width * c.channels)) {
        return call.fail("out of memory for the panels of a matrix product");
      }
    }
  });
}

}  // namespace
}  // namespace lb
