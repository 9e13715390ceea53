// 3x3 convolutions, stride 1, by Winograd's minimal filtering: a quarter of the multiplications of the direct
// sum, for rounding errors that stay below 1e-6 of max(|x|∗|w|).
//
// A tile's sums mix its whole window of 6x6: where x holds NaN or an infinity, or magnitudes above 1e36, all
// outputs of the tiles that see it become NaN.
#pragma once
#include <stdlib.h>
#include <string.h>

#include "conv2d.h"
#include "winograd_filter.h"
#include "winograd_forward.h"

namespace lb {
namespace {

enum class WinogradUse { never, where_it_wins, wherever_possible };

// The process's choice: LANDBRIDGE_WINOGRAD=0 turns it off, "always" is for tests.
inline WinogradUse winograd_use() {
  static const WinogradUse use = [] {
    const char* text = getenv("LANDBRIDGE_WINOGRAD");
    if (text == nullptr) return WinogradUse::where_it_wins;
    if (strcmp(text, "always") == 0) return WinogradUse::wherever_possible;
    return strcmp(text, "0") == 0 ? WinogradUse::never : WinogradUse::where_it_wins;
  }();
  return use;
}

// Vector instructions, as measured (AVX-512, one thread), per unit of what the factor counts.
struct WinogradCosts {
  double direct = 10.6;      // pixel x channel x vector of filters: 9 taps at 85 % of the peak
  double product = 40;       // the same for a tile: 36 points at 90 %
  double transform = 360;    // tile x vector of channels, or of filters
  double weights = 150;      // channel x vector of filters
  double far_weights = 300;  // the same where they leave the caches
  double margin = 1.2;       // what it must gain to be worth its rounding errors
};

// Whether the products gain more than the transforms cost, in any of the three directions.
inline bool winograd_suits(const Convolution& c, WinogradUse use) {
  const bool possible = c.kernel_h == 3 && c.kernel_w == 3 && c.stride_h == 1 && c.stride_w == 1 &&
                        c.dilation_h == 1 && c.dilation_w == 1 && c.groups == 1 && c.channels > 0 &&
                        c.filters > 0 && c.images > 0 && c.out_h > 0 && c.out_w > 0;
  if (!possible || use == WinogradUse::never) return false;
  if (use == WinogradUse::wherever_possible) return true;
  const WinogradCosts cost;
  const double pixels = (double)(c.images * c.out_h * c.out_w);
  const double tiles =
      (double)(c.images * simd::divide_up(c.out_h, simd::kOut) * simd::divide_up(c.out_w, simd::kOut));
  const int64_t in = simd::divide_up(c.channels, simd::kLanes),
                out = simd::divide_up(c.filters, simd::kLanes);
  const double each = (double)(c.channels * out);
  const bool far = simd::kPoints * c.channels * c.filters > simd::kFew;
  const double winograd = tiles * (cost.product * each + cost.transform * (double)(in + out)) +
                          (far ? cost.far_weights : cost.weights) * each;
  return cost.direct * pixels * each > cost.margin * winograd;
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
