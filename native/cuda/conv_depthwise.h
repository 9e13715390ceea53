// Convolutions in many small groups, depthwise ones above all: too few products per value for tensor cores. A
// thread owns a strip of neighbouring points of a row and one channel of the result, or four where every
// channel is a group of its own; a weight is loaded once for the strip. For 3 x 3 taps that is 11 loads per
// result, all but one or two from L1: 45 bytes at some 128 per clock and SM, which keeps up with 8 bytes of
// device memory per result. Serves forward and the gradient of the input, the latter once per phase of the
// stride.
#pragma once

#include "conv_index.h"
#include "elementwise.h"
#include "gemm_finish.h"

namespace landbridge::cuda {
namespace {

constexpr int kStrip = 4;

struct Direct {
  Window window;
  Global<const float> image, w;
  int channels, inner;  // of an image's pixel; of it, those of one group
  int results, own;     // channels of the result; of it, those of one group
  int kernel_w;
  int64_t per_tap;                        // distances in w: from tap to tap,
  int64_t per_inner, per_own, per_group;  // channel to channel of the image, of the result, group to group
  Finish to;
  int target_h, target_w, first_h, first_w, step_h, step_w;  // the result's pixel of point (i, j)

  __host__ __device__ int strips() const { return (window.w.points + kStrip - 1) / kStrip; }
  __device__ int64_t target(int image, int i, int j) const {
    const int64_t line = static_cast<int64_t>(image) * target_h + first_h + i * step_h;
    return (line * target_w + first_w + j * step_w) * results;
  }
};

// Width neighbours along memory.
template <int Width>
struct Values {
  float v[Width] = {};

  static __device__ __forceinline__ Values load(Global<const float> from, int64_t at) {
    Values values;
    if constexpr (Width == 4) {
      const float4 four = load4(from, at);
      values.v[0] = four.x, values.v[1] = four.y, values.v[2] = four.z, values.v[3] = four.w;
    } else {
      values.v[0] = from[at];
    }
    return values;
  }
  __device__ __forceinline__ void add_product(const Values& a, const Values& b) {
#pragma unroll
    for (int i = 0; i < Width; ++i) v[i] += a.v[i] * b.v[i];
  }
  __device__ __forceinline__ void add(const Values& other) {
#pragma unroll
    for (int i = 0; i < Width; ++i) v[i] += other.v[i];
  }
};

// One tap and channel of the image for the whole strip.
template <int Width>
__device__ __forceinline__ void add_tap(const Direct& d, Values<Width> (&sums)[kStrip], Values<Width> weight,
                                        int64_t line, int x, int channel) {
#pragma unroll
  for (int s = 0; s < kStrip; ++s) {
    const int at = x + s * d.window.w.step;
    if (static_cast<unsigned>(at) >= static_cast<unsigned>(d.window.w.pixels)) continue;
    sums[s].add_product(weight, Values<Width>::load(d.image, (line + at) * d.channels + channel));
  }
}

template <int Width>
__device__ __forceinline__ void sum_strip(const Direct& d, Values<Width> (&sums)[kStrip], int image, int i,
                                          int j, int group, int64_t weight) {
  const Axis &h = d.window.h, &w = d.window.w;
  for (int u = 0; u < h.taps; ++u) {
    const int y = h.start + i * h.step + u * h.tap;
    if (static_cast<unsigned>(y) >= static_cast<unsigned>(h.pixels)) continue;
    const int64_t line = (static_cast<int64_t>(image) * h.pixels + y) * w.pixels;
    for (int v = 0; v < w.taps; ++v) {
      const int tap = (h.first + u * h.skip) * d.kernel_w + w.first + v * w.skip;
      const int x = w.start + j * w.step + v * w.tap;
      for (int c = 0; c < d.inner; ++c) {
        const auto value = Values<Width>::load(d.w, weight + tap * d.per_tap + c * d.per_inner);
        add_tap(d, sums, value, line, x, group * d.inner + c);
      }
    }
  }
}

// Width = 4 has groups of one channel, so that group and channel are the same number.
template <int Width>
void run_direct(Call& call, const Direct& direct) {
  const int64_t units = direct.results / Width;
  const int64_t threads =
      static_cast<int64_t>(direct.window.images) * direct.window.h.points * direct.strips() * units;
  each(call, threads, [=] __device__(int64_t index) {
    const Direct& d = direct;
    const int column = static_cast<int>(index % units) * Width;
    int64_t rest = index / units;
    const int j = static_cast<int>(rest % d.strips()) * kStrip;
    rest /= d.strips();
    const int i = static_cast<int>(rest % d.window.h.points),
              image = static_cast<int>(rest / d.window.h.points);
    const int group = column / d.own;
    Values<Width> sums[kStrip];
    sum_strip(d, sums, image, i, j, group, group * d.per_group + (column - group * d.own) * d.per_own);
#pragma unroll
    for (int s = 0; s < kStrip; ++s) {
      if (j + s >= d.window.w.points) continue;
      const int64_t row = d.target(image, i, j + s);
      if constexpr (Width == 4) {
        d.to.put4(make_float4(sums[s].v[0], sums[s].v[1], sums[s].v[2], sums[s].v[3]), row, column,
                  d.results);
      } else {
        d.to.put(sums[s].v[0], row, column);
      }
    }
  });
}

// `vector`: depthwise, and channels come in fours.
inline void convolve_directly(Call& call, const Direct& direct, bool vector) {
  vector ? run_direct<4>(call, direct) : run_direct<1>(call, direct);
}

inline Direct direct_forward(const ConvShape& c, Global<const float> x, Global<const float> w,
                             const Finish& to) {
  const int64_t filters = c.filters;
  return {c.forward(),
          x,
          w,
          c.channels,
          c.group_channels,
          c.filters,
          c.group_filters,
          c.kernel_w,
          c.group_channels * filters,
          filters,
          1,
          c.group_filters,
          to,
          c.out_h,
          c.out_w,
          0,
          0,
          1,
          1};
}

inline Direct direct_input(const ConvShape& c, int phase, Global<const float> dy, Global<const float> w,
                           const Finish& to) {
  const int64_t filters = c.filters;
  return {c.input(phase),
          dy,
          w,
          c.filters,
          c.group_filters,
          c.channels,
          c.group_channels,
          c.kernel_w,
          c.group_channels * filters,
          1,
          filters,
          c.group_filters,
          to,
          c.height,
          c.width,
          phase / c.phases_w(),
          phase % c.phases_w(),
          c.stride_h,
          c.stride_w};
}

}  // namespace
}  // namespace landbridge::cuda
