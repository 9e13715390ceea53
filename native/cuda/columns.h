// Per-channel results over the rows of x[rows, channels], and functions of its elements that know their
// channel. Blocks are some neighbouring channels wide, so that a warp reads neighbours; each thread keeps one
// channel.
//
// Op::Part is what rows are reduced to: kSize doubles, of which zeros change nothing, and merge(a, b). An Op
// says part(first, end, step, channel), of the rows first, first + step, …, and finish(channel, part).
#pragma once

#include "reduce.h"

namespace landbridge::cuda {
namespace {

// Two sums.
struct Sums {
  static constexpr int kSize = 2;
  double of[kSize] = {};
  __device__ static Sums merge(const Sums& a, const Sums& b) {
    Sums sums;
    sums.of[0] = a.of[0] + b.of[0], sums.of[1] = a.of[1] + b.of[1];
    return sums;
  }
};

// How many values there are, their mean, and Σ (value − mean)² (Chan, Golub and LeVeque 1979).
struct Moments {
  static constexpr int kSize = 3;
  double of[kSize] = {};
  __device__ static Moments merge(const Moments& a, const Moments& b) {
    const double count = a.of[0] + b.of[0];
    if (b.of[0] == 0) return a;
    const double delta = b.of[1] - a.of[1], share = b.of[0] / count;
    Moments all;
    all.of[0] = count, all.of[1] = a.of[1] + delta * share;
    all.of[2] = a.of[2] + b.of[2] + delta * delta * a.of[0] * share;
    return all;
  }
};

// The place of a thread: its channel, and which rows.
struct ColumnPlace {
  int depth, y;
  int64_t channel, piece;

  __device__ explicit ColumnPlace(const Cut& cut) {
    const int t = static_cast<int>(threadIdx.x), width = 1 << cut.width_bits;
    depth = kThreads >> cut.width_bits, y = t >> cut.width_bits;
    channel = static_cast<int64_t>(blockIdx.x) % cut.columns * width + (t & (width - 1));
    piece = blockIdx.x / cut.columns;
  }
};

// The parts of the threads of one channel merged, in the first of them.
template <class Part>
__device__ Part merge_depth(Part part, const ColumnPlace& place) {
  __shared__ Shared<double, kThreads * Part::kSize> tile;
  const int t = static_cast<int>(threadIdx.x), threads = kThreads, width = threads / place.depth;
  for (int half = place.depth / 2; half > 0; half /= 2) {
    for (int k = 0; k < Part::kSize; ++k) tile[k * threads + t] = part.of[k];
    sync_block();
    if (place.y < half) {
      Part other;
      for (int k = 0; k < Part::kSize; ++k) other.of[k] = tile[k * threads + t + half * width];
      part = Part::merge(part, other);
    }
    sync_block();
  }
  return part;
}

template <class Op>
__global__ void column_parts(Op op, int64_t rows, int64_t channels, Cut cut, Global<double> parts) {
  using Part = typename Op::Part;
  const ColumnPlace place(cut);
  const int64_t begin = place.piece * cut.share, end = rows - begin < cut.share ? rows : begin + cut.share;
  Part part;
  if (place.channel < channels) part = op.part(begin + place.y, end, place.depth, place.channel);
  part = merge_depth(part, place);
  if (place.y > 0 || place.channel >= channels) return;
  for (int k = 0; k < Part::kSize; ++k) {
    parts[(place.piece * Part::kSize + k) * channels + place.channel] = part.of[k];
  }
}

template <class Op>
__global__ void column_totals(Op op, int64_t channels, int64_t pieces, Cut cut, Global<const double> parts) {
  using Part = typename Op::Part;
  const ColumnPlace place(cut);
  Part part;
  for (int64_t piece = place.y; place.channel < channels && piece < pieces; piece += place.depth) {
    Part more;
    for (int k = 0; k < Part::kSize; ++k)
      more.of[k] = parts[(piece * Part::kSize + k) * channels + place.channel];
    part = Part::merge(part, more);
  }
  part = merge_depth(part, place);
  if (place.y == 0 && place.channel < channels) op.finish(place.channel, part);
}

inline Cut column_blocks(int64_t channels, int most_bits) {
  Cut cut;
  cut.width_bits = bits_for(channels, most_bits);
  cut.columns = static_cast<int>(ceil_div(channels, int64_t{1} << cut.width_bits));
  return cut;
}

// Two launches: parts by pieces of rows, and their merging, where blocks are narrow and deep. A thread adds
// at most 256 terms in float.
template <class Op>
void reduce_channels(Call& call, int64_t rows, int64_t channels, const Op& op) {
  if (channels == 0) return;
  Cut cut = column_blocks(channels, 5);
  const int64_t depth = kThreads >> cut.width_bits;
  cut_terms(cut, cut.columns, rows, kAhead * depth, 256 * depth);
  const auto parts = scratch<double>(call, cut.pieces * Op::Part::kSize * channels);
  if (!parts) return;
  const Grid grid{dim3(static_cast<unsigned>(cut.pieces * cut.columns))};
  launch<column_parts<Op>>(call, grid, op, rows, channels, cut, parts);
  const Cut narrow = column_blocks(channels, cut.pieces > 8 ? 2 : 5);
  launch<column_totals<Op>>(call, {dim3(static_cast<unsigned>(narrow.columns))}, op, channels, cut.pieces,
                            narrow, Global<const double>(parts));
}

// F says channel(c): what put(at, value, channel) wants to know, and load(at).
template <class F>
__global__ void column_values(F f, int64_t rows, int64_t channels, Cut cut) {
  const ColumnPlace place(cut);
  if (place.channel >= channels) return;
  const auto channel = f.channel(place.channel);
  const int64_t begin = place.piece * cut.share, end = rows - begin < cut.share ? rows : begin + cut.share;
  for (int64_t row = begin + place.y; row < end; row += kPartials * place.depth) {
    typename F::Value values[kPartials] = {};
    for (int k = 0; k < kPartials; ++k) {
      const int64_t at = row + k * place.depth;
      if (at < end) values[k] = f.load(at * channels + place.channel);
    }
    for (int k = 0; k < kPartials; ++k) {
      const int64_t at = row + k * place.depth;
      if (at < end) f.put(at * channels + place.channel, values[k], channel);
    }
  }
}

template <class F>
void each_value(Call& call, int64_t rows, int64_t channels, const F& f) {
  if (channels == 0 || rows == 0) return;
  Cut cut = column_blocks(channels, 5);
  const int64_t depth = kThreads >> cut.width_bits;
  cut_terms(cut, cut.columns, rows, kPartials * depth, 16 * kPartials * depth);
  launch<column_values<F>>(call, {dim3(static_cast<unsigned>(cut.pieces * cut.columns))}, f, rows, channels,
                           cut);
}

}  // namespace
}  // namespace landbridge::cuda
