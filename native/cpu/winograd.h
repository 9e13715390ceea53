// 3x3 convolutions, stride 1, by Winograd's minimal filtering: a quarter of the multiplications of the direct
// sum, for rounding errors a few times larger (normwise max|y − ref| ≤ 1e-6·max(|x|∗|w|) is what tests see).
#pragma once
#include "conv2d.h"
#include "winograd_filter.h"
#include "winograd_forward.h"

namespace lb {
namespace {

// Whether the products gain more than the transforms cost. `allowed`: the user's switch.
inline bool winograd_suits(const Convolution& c, bool allowed) {
  return allowed && c.kernel_h == 3 && c.kernel_w == 3 && c.stride_h == 1 && c.stride_w == 1 &&
         c.dilation_h == 1 && c.dilation_w == 1 && c.groups == 1;
}

inline simd::Tiling tiling(const Convolution& c, bool of_input, int64_t height, int64_t width) {
  simd::Tiling t{};
  t.images = c.images;
  t.height = of_input ? c.height : c.out_h, t.width = of_input ? c.width : c.out_w;
  t.channels = of_input ? c.channels : c.filters;
  t.down = simd::divide_up(height, simd::kOut), t.across = simd::divide_up(width, simd::kOut);
  return t;
}

// y = activation(conv(x, w) + bias + residual); bias [filters] and residual, of y's shape, may be null.
inline void winograd_forward(Call& call, const Convolution& c, const float* x, const float* w,
                             const float* bias, const float* residual, bool relu, float* y) {
  simd::Tiling t = tiling(c, true, c.out_h, c.out_w);
  t.top = c.top, t.left = c.left;
  simd::winograd_run(call, {t,
                            {w, c.channels, c.filters, false},
                            x,
                            {c.out_h, c.out_w, c.filters, bias, residual, relu, y},
                            nullptr});
}

inline void winograd_input(Call& call, const Convolution& c, const float* dy, const float* w, float* dx) {
  simd::Tiling t = tiling(c, false, c.height, c.width);
  t.top = 2 - c.top, t.left = 2 - c.left;
  simd::winograd_run(call, {t,
                            {w, c.channels, c.filters, true},
                            dy,
                            {c.height, c.width, c.channels, nullptr, nullptr, false, dx},
                            nullptr});
}

inline void winograd_filter(Call& call, const Convolution& c, const float* x, const float* dy, float* dw) {
  simd::Tiling of_x = tiling(c, true, c.out_h, c.out_w);
  of_x.top = c.top, of_x.left = c.left;
  simd::filter_run(call,
                   {of_x, tiling(c, false, c.out_h, c.out_w), x, dy, nullptr, dw, c.channels, c.filters});
}

}  // namespace
}  // namespace lb
