// The four ways of a reduction. F: Lane (what a thread accumulates), Wide (what results of threads are merged
// in), start(), combine(lane, value, term) and merge(a, b). A Sink takes the result of a piece. Loads of one
// element per thread are coalesced whatever the alignment, and enough of them are under way to fill the
// memory's pipeline.
#pragma once

#include "axes.h"
#include "landbridge/cuda/warp.h"

namespace landbridge::cuda {
namespace {

constexpr int kAhead = 8;     // loads that a thread has under way
constexpr int kPartials = 4;  // partial results of a thread

// How results are cut for blocks.
struct Cut {
  int64_t pieces = 1, share = 0;    // pieces of a result's terms, and terms per piece
  int width_bits = 0, columns = 1;  // log2 of the columns of a block; blocks side by side
};

// Neighbouring terms of rows whose innermost axis is reduced: where the next one of a thread lies, without
// division.
struct TermWalk {
  int64_t run, outer = 0, inner, step_outer = 0, step_inner;

  __device__ TermWalk(const Axes& axes, int64_t term, int64_t step)
      : run(axes.inner()), inner(term), step_inner(step) {
    if (axes.rank <= 2) return;  // one run: never past its end
    outer = term / run, inner = term % run;
    step_outer = step / run, step_inner = step % run;
  }
  __device__ void next() {
    outer += step_outer, inner += step_inner;
    if (inner < run) return;
    inner -= run, ++outer;
  }
};

template <class F>
struct Partials {
  using Lane = typename F::Lane;
  Lane of[kPartials];

  __device__ Partials() {
    for (Lane& each : of) each = F::start();
  }
  __device__ Lane merged() const { return F::merge(F::merge(of[0], of[1]), F::merge(of[2], of[3])); }
};

// Up to kAhead terms `step` apart; at(k) is where the k-th lies.
template <class F, class T, class At>
__device__ void take(Partials<F>& partials, Global<const T> in, int64_t term, int64_t step, int64_t end,
                     At at) {
  T loaded[kAhead];
  for (int k = 0; k < kAhead; ++k) {
    const int64_t from = at(k);
    loaded[k] = term + k * step < end ? in[from] : T{};
  }
  for (int k = 0; k < kAhead; ++k) {
    auto& partial = partials.of[k % kPartials];
    if (term + k * step < end) partial = F::combine(partial, loaded[k], term + k * step);
  }
}

// 2^bits neighbouring lanes of a warp per row of [rows, n].
template <class F, class T, class Sink>
__global__ void reduce_short_rows(Global<const T> in, int64_t rows, int64_t n, int bits, Sink sink) {
  const int lanes = 1 << bits, lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x >> bits) + (threadIdx.x >> bits);
  Partials<F> partials;
  for (int64_t i = lane; row < rows && i < n; i += kAhead * lanes) {
    take(partials, in + row * n, i, lanes, n, [=](int k) { return i + k * lanes; });
  }
  auto value = partials.merged();
  for (int mask = lanes / 2; mask > 0; mask /= 2) value = F::merge(value, shuffle_xor(value, mask));
  if (lane == 0 && row < rows) sink.put(row, 0, value);
}

// The threads' values merged, in thread 0: in lanes within a warp, in Wide among warps.
template <class F>
__device__ typename F::Wide merge_block(typename F::Lane value) {
  using Wide = typename F::Wide;
  __shared__ Shared<Wide, kWarp> of_warps;
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value = F::merge(value, shuffle_xor(value, mask));
  if (threadIdx.x % kWarp == 0) of_warps[static_cast<int>(threadIdx.x) / kWarp] = static_cast<Wide>(value);
  sync_block();
  Wide total = static_cast<Wide>(value);
  for (int warp = 1; threadIdx.x == 0 && warp < static_cast<int>(blockDim.x) / kWarp; ++warp) {
    const Wide more = of_warps[warp];
    total = F::merge(total, more);
  }
  return total;
}

// A block per piece of a result, where the innermost axis is reduced.
template <class F, class T, class Sink>
__global__ void reduce_rows(Global<const T> in, Axes axes, Cut cut, Sink sink) {
  const int64_t pieces = cut.pieces, row = blockIdx.x / pieces, piece = blockIdx.x % pieces;
  const int64_t begin = piece * cut.share, rest = axes.reduced_count - begin, step = blockDim.x;
  const int64_t end = begin + (rest < cut.share ? rest : cut.share);
  const Global<const T> base = in + axes.offset(false, row);
  Partials<F> partials;
  TermWalk walk(axes, begin + threadIdx.x, step);
  for (int64_t term = begin + threadIdx.x; term < end; term += kAhead * step) {
    take(partials, base, term, step, end, [&](int) {
      const int64_t at = axes.offset(true, walk.outer) + walk.inner;
      walk.next();
      return at;
    });
  }
  const auto total = merge_block<F>(partials.merged());
  if (threadIdx.x == 0) sink.put(row, piece, total);
}

// A block per piece of some neighbouring columns, where the innermost axis is kept: threads along the columns
// first.
template <class F, class T, class Sink>
__global__ void reduce_columns(Global<const T> in, Axes axes, Cut cut, Sink sink) {
  using Wide = typename F::Wide;
  __shared__ Shared<Wide, kThreads> tile;
  const int t = static_cast<int>(threadIdx.x), width = 1 << cut.width_bits, y = t >> cut.width_bits;
  const int64_t pieces = cut.pieces, block = blockIdx.x / pieces, piece = blockIdx.x % pieces;
  const int64_t slab = block / cut.columns, column = block % cut.columns * width + (t & (width - 1));
  const int64_t begin = piece * cut.share, rest = axes.reduced_count - begin,
                step = kThreads >> cut.width_bits;
  const int64_t end = column < axes.inner() ? begin + (rest < cut.share ? rest : cut.share) : 0;
  Partials<F> partials;
  for (int64_t term = begin + y; term < end; term += kAhead * step) {
    take(partials, in + (axes.offset(false, slab) + column), term, step, end,
         [&](int k) { return axes.offset(true, term + k * step); });
  }
  tile[t] = static_cast<Wide>(partials.merged());
  sync_block();
  for (int half = static_cast<int>(step) / 2; half > 0; half /= 2) {
    if (y < half) {
      const Wide a = tile[t], b = tile[t + half * width];
      tile[t] = F::merge(a, b);
    }
    sync_block();
  }
  if (y > 0 || column >= axes.inner()) return;
  const Wide total = tile[t];
  sink.put(slab * axes.inner() + column, piece, total);
}

// A thread per result.
template <class F, class T, class Sink>
__global__ void reduce_each(Global<const T> in, Axes axes, Sink sink) {
  const int64_t threads = static_cast<int64_t>(gridDim.x) * blockDim.x, run = axes.run(), step = axes.step();
  const int64_t columns = axes.inner_reduced() ? 1 : axes.inner();
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < axes.kept_count;
       i += threads) {
    // 64-bit division takes several times as long, and is seldom needed
    const int64_t slab = i <= INT32_MAX && columns <= INT32_MAX
                             ? static_cast<uint32_t>(i) / static_cast<uint32_t>(columns)
                             : i / columns;
    const Global<const T> base = in + (axes.offset(false, slab) + (i - slab * columns));
    Partials<F> partials;
    for (int64_t term = 0; term < axes.reduced_count; term += run) {
      const int64_t first = axes.offset(true, axes.inner_reduced() ? term / run : term);
      for (int64_t k = 0; k < run; k += kAhead) {
        const int64_t shift = term;  // of terms in the order of all of them
        take(partials, base + first, shift + k, 1, shift + run,
             [=](int ahead) { return (k + ahead) * step; });
      }
    }
    sink.put(i, 0, partials.merged());
  }
}

}  // namespace
}  // namespace landbridge::cuda
