// Reductions over any set of axes: out[kept axes] = combine over reduced axes of in.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
namespace {

using landbridge::Call;
using landbridge::View;

// The input's axes, neighbours of one kind merged; kinds alternate.
struct Axes {
  int rank = 0;
  int64_t size[LANDBRIDGE_MAX_RANK], stride[LANDBRIDGE_MAX_RANK];
  bool reduced[LANDBRIDGE_MAX_RANK];
  int64_t kept_count = 1, reduced_count = 1;

  // Bit i of `mask`: axis i is reduced.
  Axes(const View& in, int64_t mask) {
    for (int axis = 0; axis < in.rank; ++axis) {
      const bool gone = (mask >> axis & 1) != 0;
      (gone ? reduced_count : kept_count) *= in.shape[axis];
      if (in.shape[axis] == 1) continue;
      if (rank > 0 && reduced[rank - 1] == gone) {
        size[rank - 1] *= in.shape[axis];
      } else {
        size[rank] = in.shape[axis];
        reduced[rank++] = gone;
      }
    }
    if (rank == 0) {
      rank = 1;
      size[0] = 1;
      reduced[0] = false;
    }
    int64_t step = 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
      stride[axis] = step;
      step *= size[axis];
    }
  }

  bool inner_reduced() const { return reduced[rank - 1]; }
  int64_t inner() const { return size[rank - 1]; }

  // The input offset of the index-th element along the kept (or reduced) axes, the innermost axis left out.
  int64_t offset(bool of_reduced, int64_t index) const {
    int64_t at = 0;
    for (int axis = rank - 2; axis >= 0; --axis) {
      if (reduced[axis] != of_reduced) continue;
      at += index % size[axis] * stride[axis];
      index /= size[axis];
    }
    return at;
  }
};

constexpr int kReduceLanes = 16;
constexpr int64_t kReduceBlock = 1024;   // a partial result covers at most this many elements per lane
constexpr int64_t kReduceColumns = 256;  // columns that are carried at once when the innermost axis is kept
constexpr int64_t kReduceGrain =
    1 << 16;  // elements per chunk, and the longest stretch of a run that is reduced at once

// A run of contiguous elements, in lanes, so that the loop vectorises with the same result on every
// instruction set; lanes and blocks combine in the wider type F::Wide.
template <class F, class T>
typename F::Wide reduce_run(const T* in, int64_t count) {
  typename F::Wide total = F::kStart;
  for (int64_t block = 0; block < count; block += kReduceBlock * kReduceLanes) {
    const int64_t rest = count - block;
    const int64_t size = rest < kReduceBlock * kReduceLanes ? rest : kReduceBlock * kReduceLanes;
    typename F::Lane lanes[kReduceLanes];
    for (auto& lane : lanes) lane = F::kStart;
    const int64_t whole = size / kReduceLanes * kReduceLanes;
    for (int64_t i = 0; i < whole; i += kReduceLanes) {
      for (int lane = 0; lane < kReduceLanes; ++lane)
        lanes[lane] = F::combine(lanes[lane], in[block + i + lane]);
    }
    for (int64_t i = whole; i < size; ++i) lanes[i - whole] = F::combine(lanes[i - whole], in[block + i]);
    for (const auto lane : lanes) total = F::combine_wide(total, lane);
  }
  return total;
}

// Rows [first, last) of the reduced axes, for `count` neighbouring columns of the kept innermost axis.
template <class F, class T>
void reduce_rows(const T* in, const Axes& axes, int64_t first, int64_t last, int64_t count,
                 typename F::Wide* total) {
  typename F::Lane lanes[kReduceColumns];
  for (int64_t i = 0; i < count; ++i) total[i] = F::kStart;
  for (int64_t block = first; block < last; block += kReduceBlock) {
    const int64_t end = block + kReduceBlock < last ? block + kReduceBlock : last;
    for (int64_t i = 0; i < count; ++i) lanes[i] = F::kStart;
    for (int64_t row = block; row < end; ++row) {
      const T* source = in + axes.offset(true, row);
      for (int64_t i = 0; i < count; ++i) lanes[i] = F::combine(lanes[i], source[i]);
    }
    for (int64_t i = 0; i < count; ++i) total[i] = F::combine_wide(total[i], lanes[i]);
  }
}

// How many stretches a run of the innermost axis is cut into.
inline int64_t stretches(const Axes& axes) {
  return (axes.inner() + kReduceGrain - 1) / kReduceGrain;
}

// Kept elements [begin, end) over the part [first, last) of the reduced ones; `first` and `last` count
// stretches of the innermost axis where that is reduced.
template <class F, class T>
void reduce_part(const T* in, const Axes& axes, int64_t begin, int64_t end, int64_t first, int64_t last,
                 typename F::Wide* out) {
  const int64_t inner = axes.inner(), per_run = stretches(axes);
  for (int64_t at = begin; at < end;) {
    if (axes.inner_reduced()) {
      typename F::Wide total = F::kStart;
      const T* source = in + axes.offset(false, at);
      for (int64_t part = first; part < last; ++part) {
        const int64_t skipped = part % per_run * kReduceGrain, rest = inner - skipped;
        const T* stretch = source + axes.offset(true, part / per_run) + skipped;
        total = F::combine_wide(total, reduce_run<F>(stretch, rest < kReduceGrain ? rest : kReduceGrain));
      }
      out[at++ - begin] = total;
      continue;
    }
    const int64_t column = at % inner;
    int64_t count = inner - column < end - at ? inner - column : end - at;
    if (count > kReduceColumns) count = kReduceColumns;
    reduce_rows<F>(in + axes.offset(false, at / inner) + column, axes, first, last, count,
                   out + (at - begin));
    at += count;
  }
}

// out = finish(reduction). F: Lane, Wide, kStart, combine, combine_wide. Chunk boundaries depend on the shape
// only.
template <class F, class T, class R, class Finish>
void reduce(Call& call, int64_t mask, Finish finish) {
  using Wide = typename F::Wide;
  const Axes axes(call.in(0), mask);
  const T* in = call.in(0).as<const T>();
  R* out = call.out(0).as<R>();
  const int64_t kept = axes.kept_count;
  const int64_t parts = axes.inner_reduced() && axes.inner() > 0
                            ? axes.reduced_count / axes.inner() * stretches(axes)
                            : axes.reduced_count;
  const int64_t total = kept * axes.reduced_count;
  if (kept == 0) return;
  // Few outputs of many elements each: split the reduced part as well, and combine the pieces in order.
  const int64_t pieces = kept < 1024 && total > 4 * kReduceGrain && parts > 1
                             ? (parts < total / kReduceGrain ? parts : total / kReduceGrain)
                             : 1;
  if (pieces > 1) {
    const int64_t share = (parts + pieces - 1) / pieces;
    Wide* partial = call.workspace<Wide>(kept * pieces);
    if (partial == nullptr) return;
    call.parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t piece = begin; piece < end; ++piece) {
        const int64_t first = piece * share < parts ? piece * share : parts;
        const int64_t last = first + share < parts ? first + share : parts;
        reduce_part<F>(in, axes, 0, kept, first, last, partial + piece * kept);
      }
    });
    for (int64_t i = 0; i < kept; ++i) {
      Wide value = F::kStart;
      for (int64_t piece = 0; piece < pieces; ++piece)
        value = F::combine_wide(value, partial[piece * kept + i]);
      out[i] = finish(value);
    }
    return;
  }
  const int64_t each = axes.reduced_count > 0 ? axes.reduced_count : 1;
  const int64_t grain = each >= kReduceGrain ? 1 : kReduceGrain / each;
  call.parallel_for(kept, grain, [&](int64_t begin, int64_t end) {
    Wide totals[kReduceColumns];
    for (int64_t at = begin; at < end; at += kReduceColumns) {
      const int64_t stop = at + kReduceColumns < end ? at + kReduceColumns : end;
      reduce_part<F>(in, axes, at, stop, 0, parts, totals);
      for (int64_t i = at; i < stop; ++i) out[i] = finish(totals[i - at]);
    }
  });
}

}  // namespace
}  // namespace lb
