// The gradient of the filter where groups are small. A block owns 32 columns (or 128, four per lane, where
// every channel is a group of its own) of one row (tap, channel) of dw, and part of the result's rows, which
// its eight warps share; blocks of all taps over the same rows run side by side, so that L2 reads x and dy
// from memory once. Sums run over a row, then over rows, then over warps, then over parts: in an order that
// only the shape decides.
#pragma once

#include "conv_depthwise.h"

namespace landbridge::cuda {
namespace {

constexpr int kFilterLanes = 32, kFilterWarps = 8;

struct DirectFilter {
  ConvShape shape;
  Global<const float> x, dy;
  Global<float> partials;  // [parts, taps · group_channels, filters]
  int parts;

  __host__ __device__ int lines() const { return shape.kernel_h * shape.kernel_w * shape.group_channels; }
};

// The points of one row for which the tap meets a pixel: j with 0 <= start + j·stride < pixels.
struct Span {
  int begin, end;
};
__host__ __device__ inline Span span_of(int start, int stride, int pixels, int points) {
  const int begin = start < 0 ? (-start + stride - 1) / stride : 0;
  const int end = start < pixels ? (pixels - start + stride - 1) / stride : 0;
  return {begin, end < points ? end : points};
}

// One row of dy against the row of x that the tap meets.
template <int Width>
__device__ __forceinline__ Values<Width> row_products(const DirectFilter& d, int64_t row_x, int64_t row_dy,
                                                      int start, int channel, int column) {
  Values<Width> sum;
  const Span span = span_of(start, d.shape.stride_w, d.shape.width, d.shape.out_w);
  for (int j = span.begin; j < span.end; ++j) {
    const int64_t pixel = row_x + start + j * d.shape.stride_w;
    sum.add_product(Values<Width>::load(d.x, pixel * d.shape.channels + channel),
                    Values<Width>::load(d.dy, (row_dy + j) * d.shape.filters + column));
  }
  return sum;
}

template <int Width>
__global__ void direct_filter_kernel(const DirectFilter d) {
  __shared__ Shared<float, Width * kFilterLanes * kFilterWarps> shared;
  const ConvShape& c = d.shape;
  const int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const int line = static_cast<int>(blockIdx.x), tap = line / c.group_channels;
  const int column = (static_cast<int>(blockIdx.y) * kFilterLanes + lane) * Width;
  const int channel = column / c.group_filters * c.group_channels + line % c.group_channels;
  const int start = tap % c.kernel_w * c.dilation_w - c.left;
  const int64_t rows = static_cast<int64_t>(c.images) * c.out_h;
  const int64_t begin = rows * blockIdx.z / d.parts, end = rows * (blockIdx.z + 1) / d.parts;
  Values<Width> sum;
  for (int64_t row = begin + warp; row < end && column < c.filters; row += kFilterWarps) {
    const int64_t image = row / c.out_h;
    const int y = static_cast<int>(row % c.out_h) * c.stride_h - c.top + tap / c.kernel_w * c.dilation_h;
    if (static_cast<unsigned>(y) >= static_cast<unsigned>(c.height)) continue;
    sum.add(row_products<Width>(d, (image * c.height + y) * c.width, row * c.out_w, start, channel, column));
  }
  const int place = warp * kFilterLanes + lane;
#pragma unroll
  for (int i = 0; i < Width; ++i) shared[i * kFilterLanes * kFilterWarps + place] = sum.v[i];
  sync_block();
  if (warp != 0 || column >= c.filters) return;
  for (int i = 0; i < Width; ++i) {
    float total = 0;
    for (int w = 0; w < kFilterWarps; ++w) total += shared[(i * kFilterWarps + w) * kFilterLanes + lane];
    d.partials[(static_cast<int64_t>(blockIdx.z) * d.lines() + line) * c.filters + column + i] = total;
  }
}

inline int filter_parts(int64_t blocks, int64_t rows) {
  constexpr int64_t kWanted = 1024;  // blocks of 256 threads: eight per SM of an A100
  const int64_t wanted = kWanted / blocks, most = rows / kFilterWarps;
  const int64_t parts = wanted < most ? wanted : most;
  return parts < 2 ? 1 : static_cast<int>(parts < 256 ? parts : 256);
}

// `vector`: depthwise, and channels come in fours.
inline void filter_gradient_directly(Call& call, const ConvShape& c, Global<const float> x,
                                     Global<const float> dy, Global<float> dw, bool vector) {
  DirectFilter d{c, x, dy, dw, 1};
  const int across = kFilterLanes * (vector ? 4 : 1), slabs = (c.filters + across - 1) / across;
  d.parts = filter_parts(static_cast<int64_t>(slabs) * d.lines(), static_cast<int64_t>(c.images) * c.out_h);
  const int64_t count = static_cast<int64_t>(d.lines()) * c.filters;
  if (d.parts > 1) d.partials = scratch<float>(call, d.parts * count);
  if (!d.partials) return;
  const Grid grid{
      dim3(static_cast<unsigned>(d.lines()), static_cast<unsigned>(slabs), static_cast<unsigned>(d.parts)),
      dim3(kFilterLanes, kFilterWarps)};
  vector ? launch<direct_filter_kernel<4>>(call, grid, d) : launch<direct_filter_kernel<1>>(call, grid, d);
  if (d.parts == 1) return;
  const Global<const float> partials = d.partials;
  const int parts = d.parts;
  each(call, count, [=] __device__(int64_t i) {
    float sum = partials[i];
    for (int part = 1; part < parts; ++part) sum += partials[part * count + i];
    dw[i] = sum;
  });
}

}  // namespace
}  // namespace landbridge::cuda
