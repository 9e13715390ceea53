// Operands of the tile engine that are images seen through a filter's taps (implicit GEMM): nothing is
// gathered into memory first. What is costly to work out, which image and pixel a grid point is, stands in a
// table in shared memory, one entry per point of the tile; taps and channels come from two multiplications
// per stage.
#pragma once

#include "conv_index.h"
#include "gemm_matrix.h"

namespace landbridge::cuda {
namespace {

// `Points` grid points, each three ints.
template <int Points>
struct PointTable {
  static constexpr int kInts = 3 * Points;
  SharedPointer<int> ints;

  __device__ __forceinline__ void put(int i, const Point& p) const {
    ints[i] = p.pixel, ints[Points + i] = p.y, ints[2 * Points + i] = p.x;
  }
  __device__ __forceinline__ Point get(int i) const {
    return {ints[i], ints[Points + i], ints[2 * Points + i]};
  }
};

// A tap and a channel, as distances from the pixel that the first tap meets.
struct Reach {
  int pixel, y, x, channel;
};

// An image as a matrix of patches: a row per grid point, a column per (tap, channel of the group).
struct Patches {
  Global<const float> data;  // the group's first channel of the first pixel
  Window window;
  int channels;              // of a pixel: what parts pixels in memory
  FastDivide depth, taps_w;  // channels of the group; taps of a row
  int columns;               // taps · channels of the group
  bool vector;               // channels come in fours

  __device__ __forceinline__ Reach reach(int column) const {
    const int tap = depth.quotient(column), channel = depth.remainder(column, tap);
    const int row = taps_w.quotient(tap), y = row * window.h.tap,
              x = taps_w.remainder(tap, row) * window.w.tap;
    return {y * window.w.pixels + x, column < columns ? y : kOutside, x, channel};
  }
  __device__ __forceinline__ Element place(const Point& p, const Reach& r) const {
    return {static_cast<int64_t>(p.pixel + r.pixel) * channels + r.channel,
            is_inside(window, p.y + r.y, p.x + r.x)};
  }
};

inline __device__ Patches patches_of(Global<const float> data, const Window& window, int channels,
                                     int group_channels, bool vector) {
  return {data,
          window,
          channels,
          FastDivide(group_channels),
          FastDivide(window.w.taps),
          window.taps() * group_channels,
          vector};
}

// The rows of A are points: forward, and the gradient of the input. The table is written once.
struct PatchRows : Patches {
  static constexpr bool kByDepth = true, kPrepares = true;
  using Table = PointTable<kProductThreads>;
  Table table;

  __device__ PatchRows(const Patches& patches, SharedPointer<int> ints, int first)
      : Patches(patches), table{ints} {
    const int i = static_cast<int>(threadIdx.x), point = first + i;
    const int image = point / (window.h.points * window.w.points),
              rest = point % (window.h.points * window.w.points);
    const Point p = point_of(window, image, rest / window.w.points, rest % window.w.points);
    table.put(i, point < window.points() ? p : Point{0, kOutside, 0});
  }
  __device__ __forceinline__ Point outer(int i) const { return table.get(i); }
  __device__ __forceinline__ Reach deep(int k, int) const { return reach(k); }
  __device__ __forceinline__ void prepare(int) const {}
};

// The rows of A are (tap, channel), and k runs over points: the gradient of the filter. The table holds the
// points of the stages under way; a stage's part is written one barrier before its copies read it.
struct PatchColumns : Patches {
  static constexpr bool kByDepth = false, kPrepares = true;
  using Table = PointTable<kStep * kStages>;
  Table table;
  FastDivide image, row;  // points of an image, of a row
  int first, points;

  __device__ PatchColumns(const Patches& patches, SharedPointer<int> ints, FastDivide of_image,
                          FastDivide of_row, int from)
      : Patches(patches), table{ints}, image(of_image), row(of_row), first(from), points(window.points()) {}

  static __device__ __forceinline__ int slot(int k) { return k % (kStep * kStages); }
  __device__ __forceinline__ void prepare(int k0) const {
    if (threadIdx.x >= kStep) return;
    const int point = k0 + static_cast<int>(threadIdx.x), n = image.quotient(point),
              rest = image.remainder(point, n);
    const int i = row.quotient(rest);
    table.put(slot(point),
              point < points ? point_of(window, n, i, row.remainder(rest, i)) : Point{0, kOutside, 0});
  }
  __device__ __forceinline__ Reach outer(int i) const { return reach(first + i); }
  __device__ __forceinline__ Point deep(int k, int) const { return table.get(slot(k)); }
  __device__ __forceinline__ Element place(const Reach& r, const Point& p) const {
    return Patches::place(p, r);
  }
};

// The filter as B of the input's gradient: a column per channel, k over (tap that reaches the pixel, filter).
struct FilterColumns {
  static constexpr bool kByDepth = true, kPrepares = false;
  Global<const float> data;  // the group's first filter
  Axis h, w;
  int kernel_w, group_channels, filters;
  FastDivide depth, taps_w;  // filters of the group; taps of a row
  int steps, first;
  bool vector;

  __device__ __forceinline__ Element outer(int i) const {
    return {static_cast<int64_t>(first + i) * filters, first + i < group_channels};
  }
  __device__ __forceinline__ Element deep(int k, int) const {
    const int tap = depth.quotient(k), row = taps_w.quotient(tap);
    const int kh = h.first + row * h.skip, kw = w.first + taps_w.remainder(tap, row) * w.skip;
    const int64_t line = static_cast<int64_t>(kh * kernel_w + kw) * group_channels;
    return {line * filters + depth.remainder(k, tap), k < steps};
  }
  static __device__ __forceinline__ Element place(const Element& channel, const Element& k) {
    return {channel.offset + k.offset, channel.valid && k.valid};
  }
  __device__ __forceinline__ void prepare(int) const {}
};

}  // namespace
}  // namespace landbridge::cuda
