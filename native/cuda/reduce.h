// Reductions over any set of axes: which way, and into how many pieces. All by shape alone, so that the same
// input gives the same bits on every GPU.
#pragma once

#include "reduce_kernels.h"

namespace landbridge::cuda {
namespace {

constexpr int64_t kBlocks = 1024;        // blocks that fill a GPU
constexpr int64_t kLeastShare = 4096;    // elements that are worth a block …
constexpr int64_t kMostShare = 1 << 16;  // … and how many it takes at most: a float sums at most 256 of them
constexpr int64_t kManyThreads = 1 << 17;

inline int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
// log2 of the least power of two ≥ n, at most `most`.
inline int bits_for(int64_t n, int most) {
  int bits = 0;
  while (bits < most && (int64_t{1} << bits) < n) ++bits;
  return bits;
}

// `terms` of each of `blocks` blocks' results in pieces of `least` to `most`.
inline void cut_terms(Cut& cut, int64_t blocks, int64_t terms, int64_t least, int64_t most) {
  const int64_t wanted = ceil_div(kBlocks, blocks), able = terms / least, needed = ceil_div(terms, most);
  cut.pieces = wanted < able ? wanted : able;
  if (cut.pieces < needed) cut.pieces = needed;
  if (cut.pieces < 1) cut.pieces = 1;
  cut.share = ceil_div(terms, cut.pieces);
  cut.share = ceil_div(cut.share, kWarp) * kWarp;
  cut.pieces = terms > 0 ? ceil_div(terms, cut.share) : 1;
}

// Few terms, or many results: no need to share the terms of one among threads.
inline bool one_thread_each(const Axes& axes) {
  const int64_t terms = axes.reduced_count;
  if (axes.inner_reduced() && axes.rank <= 2) return terms == 0;
  if (terms <= 16) return true;
  if (axes.kept_count < kManyThreads) return false;
  return terms <= (!axes.inner_reduced() && axes.inner() >= kWarp ? 1024 : 64);
}

inline Cut cut_rows(const Axes& axes) {
  Cut cut;
  cut_terms(cut, axes.kept_count, axes.reduced_count, kLeastShare, kMostShare);
  return cut;
}

inline Cut cut_columns(const Axes& axes) {
  Cut cut;
  cut.width_bits = bits_for(axes.inner(), 5);
  cut.columns = static_cast<int>(ceil_div(axes.inner(), 1 << cut.width_bits));
  const int64_t depth = kThreads >> cut.width_bits;
  cut_terms(cut, axes.kept_count / axes.inner() * cut.columns, axes.reduced_count, 16 * depth, 1024 * depth);
  return cut;
}

// Rows that a part of a warp, or a warp, reduces.
inline bool is_short(const Axes& axes) {
  const int64_t n = axes.reduced_count;
  return axes.rank <= 2 && (n <= 128 || (n <= 1024 && axes.kept_count >= 256));
}

template <class F, class T, class Sink>
void reduce_short(Call& call, const Axes& axes, Global<const T> in, Sink sink) {
  const int64_t n = axes.reduced_count, rows = axes.kept_count;
  const int bits = n <= 8                            ? bits_for(n, 3)
                   : bits_for(ceil_div(n, 4), 5) > 3 ? bits_for(ceil_div(n, 4), 5)
                                                     : 3;
  const Grid grid{dim3(static_cast<unsigned>(ceil_div(rows, kThreads >> bits)))};
  launch<reduce_short_rows<F, T, Sink>>(call, grid, in, rows, n, bits, sink);
}

template <class F, class T, class Sink>
void reduce_pieces(Call& call, const Axes& axes, const Cut& cut, Global<const T> in, Sink sink) {
  const int64_t results =
      axes.inner_reduced() ? axes.kept_count : axes.kept_count / axes.inner() * cut.columns;
  const Grid grid{dim3(static_cast<unsigned>(results * cut.pieces))};
  if (axes.inner_reduced()) return launch<reduce_rows<F, T, Sink>>(call, grid, in, axes, cut, sink);
  launch<reduce_columns<F, T, Sink>>(call, grid, in, axes, cut, sink);
}

// Results as they leave.
template <class R, class Finish>
struct Result {
  Global<R> out;
  Finish finish;

  template <class X>
  __device__ void put(int64_t at, int64_t, X value) const {
    out[at] = finish(value);
  }
};
// Pieces of results, [result][piece].
template <class Wide>
struct Pieces {
  Global<Wide> out;
  int64_t pieces;

  __device__ void put(int64_t at, int64_t piece, Wide value) const { out[at * pieces + piece] = value; }
};
// F on its own results.
template <class F>
struct Merged {
  using Lane = typename F::Wide;
  using Wide = Lane;
  __device__ static Lane start() { return static_cast<Lane>(F::start()); }
  __device__ static Lane combine(Lane a, Lane b, int64_t) { return F::merge(a, b); }
  __device__ static Lane merge(Lane a, Lane b) { return F::merge(a, b); }
};

// Rows by one block each at most.
template <class F, class T, class Sink>
void reduce_whole_rows(Call& call, const Axes& axes, Global<const T> in, Sink sink) {
  if (is_short(axes)) return reduce_short<F, T>(call, axes, in, sink);
  Cut cut;
  cut.share = axes.reduced_count;
  reduce_pieces<F, T>(call, axes, cut, in, sink);
}

// out = finish(reduction of in).
template <class F, class T, class R, class Finish>
void reduce(Call& call, const Axes& axes, Finish finish) {
  using Wide = typename F::Wide;
  using Out = Result<R, Finish>;
  const auto in = global<const T>(call.in(0));
  const Out out{global<R>(call.out(0)), finish};
  if (axes.kept_count == 0) return;
  if (one_thread_each(axes)) {
    return launch<reduce_each<F, T, Out>>(call, grid_for(axes.kept_count), in, axes, out);
  }
  if (axes.inner_reduced() && is_short(axes)) return reduce_short<F, T>(call, axes, in, out);
  const Cut cut = axes.inner_reduced() ? cut_rows(axes) : cut_columns(axes);
  if (cut.pieces == 1) return reduce_pieces<F, T>(call, axes, cut, in, out);
  const auto partial = scratch<Wide>(call, axes.kept_count * cut.pieces);
  if (!partial) return;
  reduce_pieces<F, T>(call, axes, cut, in, Pieces<Wide>{partial, cut.pieces});
  reduce_whole_rows<Merged<F>, Wide>(call, Axes(axes.kept_count, cut.pieces), Global<const Wide>(partial),
                                     out);
}

}  // namespace
}  // namespace landbridge::cuda
