// Which windows may have their position at a pixel, found from the positions themselves: the gradient of max
// pooling knows no windows. Each row (column) of windows spans some rows (columns) of pixels; a pixel's owner
// looks at the windows between the first and the last that span it. Any positions give the right result;
// those of a pooling give few windows. All atomics are maxima of integers: the same in any order.
#pragma once

#include "landbridge/cuda/warp.h"
#include "pool2d.h"

namespace landbridge::cuda {
namespace {

// Along one axis: what windows span, and what windows span a pixel. A least value is kept as its distance
// from the end, so that every entry is a maximum, and −1 is none.
struct Spans {
  int64_t windows, pixels;
  Global<int> most, least, last, first;

  static int64_t size(int64_t windows, int64_t pixels) { return 2 * (windows + pixels); }
  Spans(Global<int> memory, int64_t windows, int64_t pixels)
      : windows(windows),
        pixels(pixels),
        most(memory),
        least(memory + windows),
        last(memory + 2 * windows),
        first(memory + (2 * windows + pixels)) {}

  __device__ static void raise(Global<int> of, int64_t at, int value) {
    if (value > of[at]) atomic_max(of, at, value);  // mostly it is there already
  }
  __device__ void include(int64_t window, int far, int near) const {
    raise(most, window, far);
    raise(least, window, near);
  }
  // Tells its pixels about a window.
  __device__ void invert(int64_t window) const {
    const int64_t end = most[window];
    for (int64_t pixel = pixels - 1 - least[window]; pixel <= end; ++pixel) {
      raise(last, pixel, static_cast<int>(window));
      raise(first, pixel, static_cast<int>(windows - 1 - window));
    }
  }
  __device__ Range of(int64_t pixel) const { return {windows - 1 - first[pixel], last[pixel] + int64_t{1}}; }
};

struct Larger32 {
  __device__ int operator()(int a, int b) const { return a > b ? a : b; }
};

// A warp per window: what its channels' positions span.
__global__ void span_windows(Global<const int> positions, int64_t count, int64_t channels,
                             IndexDivider window_h, IndexDivider window_w, IndexDivider width, Spans rows,
                             Spans columns) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  int bottom = -1, top = -1, right = -1, left = -1;
  for (int64_t c = lane; at < count && c < channels; c += kWarp) {
    int64_t y = positions[at * channels + c];
    if (y < 0 || y >= rows.pixels * columns.pixels) continue;
    const int x = static_cast<int>(width.split(y)), row = static_cast<int>(y);
    bottom = max(bottom, row), top = max(top, static_cast<int>(rows.pixels) - 1 - row);
    right = max(right, x), left = max(left, static_cast<int>(columns.pixels) - 1 - x);
  }
  bottom = reduce_warp(bottom, Larger32()), top = reduce_warp(top, Larger32());
  right = reduce_warp(right, Larger32()), left = reduce_warp(left, Larger32());
  if (lane > 0 || bottom < 0) return;
  int64_t rest = at;
  const int64_t ow = window_w.split(rest), oh = window_h.split(rest);
  rows.include(oh, bottom, top);
  columns.include(ow, right, left);
}

// The spans of the windows of positions [N, OH, OW, channels], of which rows and columns know the rest.
inline void find_spans(Call& call, const View& positions, int64_t channels, const Spans& rows,
                       const Spans& columns, Global<int> memory) {
  const int64_t size = Spans::size(rows.windows, rows.pixels) + Spans::size(columns.windows, columns.pixels);
  each(call, size, [=] __device__(int64_t i) { memory[i] = -1; });
  const int64_t windows = channels > 0 ? positions.count / channels : 0;
  const int64_t pixels = rows.pixels * columns.pixels, per_block = kThreads / kWarp;
  const Grid grid{dim3(static_cast<unsigned>((windows + per_block - 1) / per_block))};
  launch<span_windows>(call, grid, global<const int>(positions), windows, channels,
                       IndexDivider(rows.windows, windows), IndexDivider(columns.windows, windows),
                       IndexDivider(columns.pixels, pixels), rows, columns);
  each(call, rows.windows + columns.windows, [=] __device__(int64_t i) {
    if (i < rows.windows)
      rows.invert(i);
    else
      columns.invert(i - rows.windows);
  });
}

}  // namespace
}  // namespace landbridge::cuda
