// Two samples as products of all pairs of rows read them: centred and scaled, in tiles of rows. (MMD scales
// so that the bandwidth is 1: its kernels then see numbers of order 1, whatever the units of the data.)
//
// Where the call asks for less than float32, the rows are rounded to TF32 here, once, and all that follows is
// exact for the rounded sample: distances are those of its points, so nothing cancels, and the error is that
// of moving each point by 2^-12 of its distance from the mean.
#pragma once

#include "mmd_measure.h"

namespace landbridge::cuda {
namespace {

constexpr int kTile = 64;     // rows of a tile
constexpr int kColumns = 64;  // rows are stored in multiples of this many columns

// The rows of x, then those of y, each side filled up to whole tiles with rows of zeros.
struct Placed {
  Global<float> z, norms;  // [tiles · kTile, ld]; −‖z‖²·exponent, −∞ for rows that fill up
  int64_t n, m, x_tiles, y_tiles, ld;

  __host__ __device__ int64_t tiles() const { return x_tiles + y_tiles; }
  // 0: both in x, 1: one in each, 2: both in y.
  __device__ int sides(int64_t a, int64_t b) const { return (a >= x_tiles ? 1 : 0) + (b >= x_tiles ? 1 : 0); }
};

// How to place: z = (row − mean)·scale; `scale` holds one for x and one for y.
struct Placement {
  Sample sample;
  Global<const double> x_mean, y_mean, scale;
  double exponent;
  bool round;
};

constexpr unsigned kPlaceRows = kThreads / kWarp;

// One warp per row; writes z and its norm.
__global__ void place_kernel(Placement how, Placed to) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t position = static_cast<int64_t>(blockIdx.x) * kPlaceRows + threadIdx.x / kWarp;
  const bool of_x = position < to.x_tiles * kTile;
  const int64_t row = of_x ? position : position - to.x_tiles * kTile + to.n, end = of_x ? to.n : to.n + to.m;
  const Global<const double> mean = of_x ? how.x_mean : how.y_mean;
  const double scale = how.scale[of_x ? 0 : 1];
  double norm = 0;
  for (int64_t c = lane; c < to.ld; c += kWarp) {
    float value = 0;
    if (row < end && c < how.sample.d) value = static_cast<float>((how.sample.at(row, c) - mean[c]) * scale);
    if (how.round) value = __uint_as_float(to_tf32(value));
    to.z[position * to.ld + c] = value;
    norm += static_cast<double>(value) * value;
  }
  norm = reduce_warp(norm, Plus());
  if (lane == 0) to.norms[position] = row < end ? static_cast<float>(-how.exponent * norm) : -INFINITY;
}

inline int64_t tiles_of(int64_t rows) {
  return (rows + kTile - 1) / kTile;
}

// Room for rows of `ld` columns; null when memory is out.
inline Placed allocate(Call& call, const Sample& sample, int64_t ld) {
  Placed placed{{}, {}, sample.n, sample.m, tiles_of(sample.n), tiles_of(sample.m), ld};
  placed.z = scratch<float>(call, placed.tiles() * kTile * ld);
  placed.norms = scratch<float>(call, placed.tiles() * kTile);
  return placed;
}

inline void place(Call& call, const Placement& how, const Placed& to) {
  const auto blocks = static_cast<unsigned>(to.tiles() * kTile / kPlaceRows);
  launch<place_kernel>(call, {dim3(blocks)}, how, to);
}

}  // namespace
}  // namespace landbridge::cuda
