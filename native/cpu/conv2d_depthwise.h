// Depthwise convolution, one filter per channel: no product of matrices to speak of, so each tap is one
// vector loop over the channels.
#pragma once

#include "conv2d.h"

namespace lb {
namespace {

// out += a · b, elementwise.
inline void multiply_add(const float* a, const float* b, float* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] += a[i] * b[i];
}

// Calls f(x offset, w offset, y offset) for every tap of one output row that lies inside the image.
template <class F>
void for_each_tap(const Convolution& c, int64_t row, F f) {
  const int64_t image = row / c.out_h, oh = row % c.out_h;
  for (int64_t ow = 0; ow < c.out_w; ++ow) {
    for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
      const int64_t ih = c.in_y(oh, kh);
      if (ih < 0 || ih >= c.height) continue;
      for (int64_t kw = 0; kw < c.kernel_w; ++kw) {
        const int64_t iw = c.in_x(ow, kw);
        if (iw < 0 || iw >= c.width) continue;
        f(((image * c.height + ih) * c.width + iw) * c.channels, (kh * c.kernel_w + kw) * c.channels,
          (row * c.out_w + ow) * c.channels);
      }
    }
  }
}

inline int64_t depthwise_grain(const Convolution& c, int64_t row_pixels) {
  return grain_of(row_pixels * c.kernel_h * c.kernel_w * c.channels);
}

inline void depthwise(Call& call, const Convolution& c, const float* x, const float* w, const float* bias,
                      float* y) {
  call.parallel_for(c.out_rows(), depthwise_grain(c, c.out_w), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t ow = 0; ow < c.out_w; ++ow) {
        float* out = y + (row * c.out_w + ow) * c.channels;
        for (int64_t i = 0; i < c.channels; ++i) out[i] = bias != nullptr ? bias[i] : 0.0f;
      }
      for_each_tap(c, row, [&](int64_t at_x, int64_t at_w, int64_t at_y) {
        multiply_add(x + at_x, w + at_w, y + at_y, c.channels);
      });
    }
  });
}

// One input row, which collects from the output rows that read it.
inline void depthwise_input_row(const Convolution& c, const float* dy, const float* w, int64_t row,
                                float* dx) {
  const int64_t image = row / c.height, ih = row % c.height;
  for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
    const int64_t oh = out_row(c, ih, kh);
    if (oh < 0) continue;
    for (int64_t kw = 0; kw < c.kernel_w; ++kw) {
      for (int64_t ow = 0; ow < c.out_w; ++ow) {
        const int64_t iw = c.in_x(ow, kw);
        if (iw < 0 || iw >= c.width) continue;
        multiply_add(dy + ((image * c.out_h + oh) * c.out_w + ow) * c.channels,
                     w + (kh * c.kernel_w + kw) * c.channels, dx + (row * c.width + iw) * c.channels,
                     c.channels);
      }
    }
  }
}

// dx is zero before.
inline void depthwise_input(Call& call, const Convolution& c, const float* dy, const float* w, float* dx) {
  call.parallel_for(c.images * c.height, depthwise_grain(c, c.width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) depthwise_input_row(c, dy, w, row, dx);
  });
}

constexpr int64_t kDepthwiseParts = 32;

// Partial sums over runs of output rows, combined in order. dw is zero before.
inline void depthwise_filter(Call& call, const Convolution& c, const float* x, const float* dy, float* dw) {
  const int64_t rows = c.out_rows(), size = c.depth * c.channels;
  const int64_t share = (rows + kDepthwiseParts - 1) / kDepthwiseParts, parts = (rows + share - 1) / share;
  float* partial = call.workspace<float>(parts * size);
  if (partial == nullptr) return;
  call.parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* out = partial + part * size;
      memset(out, 0, static_cast<size_t>(size) * sizeof(float));
      const int64_t last = (part + 1) * share < rows ? (part + 1) * share : rows;
      for (int64_t row = part * share; row < last; ++row) {
        for_each_tap(c, row, [&](int64_t at_x, int64_t at_w, int64_t at_y) {
          multiply_add(x + at_x, dy + at_y, out + at_w, c.channels);
        });
      }
    }
  });
  for (int64_t part = 0; part < parts; ++part) {
    for (int64_t i = 0; i < size; ++i) dw[i] += partial[part * size + i];
  }
}

}  // namespace
}  // namespace lb
