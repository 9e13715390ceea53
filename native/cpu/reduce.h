// Reductions over any set of axes: out[kept axes] = combine over reduced axes of in.
//
// Work is cut into items of about kReduceGrain elements by shape alone: one kept element (or block of
// neighbouring columns) times a piece of what is reduced. Pieces combine in order, in the wider type.
#pragma once

#include "landbridge/kernel.h"
#include "simd.h"

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

constexpr int kReduceLanes = 128;          // bytes of partial results that a run is reduced in
constexpr int64_t kReduceBlock = 1024;     // a partial result covers at most this many elements per lane
constexpr int64_t kReduceColumns = 1024;   // columns that are carried at once when the innermost axis is kept
constexpr int64_t kReduceFold = 64;        // fewer columns than these: several rows are carried as one
constexpr int64_t kReduceGrain = 1 << 16;  // elements per chunk

// total[i % count] = combined with rows of `width` columns, block by block; count divides width.
template <class F, class T>
void reduce_blocks(const T* in, int64_t rows, int64_t stride, int64_t width, int64_t count,
                   typename F::Wide* total) {
  typename F::Lane lanes[kReduceColumns];
  for (int64_t block = 0; block < rows; block += kReduceBlock) {
    const int64_t size = rows - block < kReduceBlock ? rows - block : kReduceBlock;
    for (int64_t i = 0; i < width; ++i) lanes[i] = F::kStart;
    for (int64_t at = block; at < block + size; ++at) {
      const T* row = in + at * stride;
      for (int64_t i = 0; i < width; ++i)
        lanes[i] = F::combine(lanes[i], static_cast<typename F::Lane>(row[i]));
    }
    for (int64_t from = 0; from < width; from += count) {
      for (int64_t i = 0; i < count; ++i) {
        total[i] = F::merge(total[i], static_cast<typename F::Wide>(lanes[from + i]));
      }
    }
  }
}

// Evenly spaced rows into `total`. Narrow rows without gaps are taken several at a time, as one.
template <class F, class T>
void reduce_columns(const T* in, int64_t rows, int64_t stride, int64_t count, typename F::Wide* total) {
  const int64_t fold = stride == count && count < kReduceFold ? kReduceFold / count : 1, folded = rows / fold;
  if (fold > 1) reduce_blocks<F>(in, folded, fold * stride, fold * count, count, total);
  const int64_t done = fold > 1 ? folded * fold : 0;
  reduce_blocks<F>(in + done * stride, rows - done, stride, count, count, total);
}

// A run of contiguous elements, in kReduceLanes bytes of lanes: the same result on every instruction set.
template <class F, class T>
void reduce_run(const T* in, int64_t count, typename F::Wide* total) {
  using Lane = typename F::Lane;
  constexpr int kLanes = 4 * LB_LANES / sizeof(Lane), kVectors = kReduceLanes / (4 * LB_LANES);
  typedef Lane Lanes __attribute__((vector_size(kLanes * sizeof(Lane))));
  typedef T Values __attribute__((vector_size(kLanes * sizeof(T))));
  constexpr int64_t step = kLanes * kVectors;
  for (int64_t block = 0; block < count; block += kReduceBlock * step) {
    const int64_t rest = count - block, size = rest < kReduceBlock * step ? rest : kReduceBlock * step;
    Lanes lanes[kVectors];
    for (auto& lane : lanes) lane = F::kStart - Lanes{};
    const T *at = in + block, *const end = at + size;
    for (; end - at >= step; at += step) {
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; ++i) {
        Values value;
        __builtin_memcpy(&value, at + i * kLanes, sizeof value);
        lanes[i] = F::combine(lanes[i], __builtin_convertvector(value, Lanes));
      }
    }
    Lane flat[step];
    __builtin_memcpy(flat, lanes, sizeof flat);
    for (int i = 0; at + i < end; ++i) flat[i] = F::combine(flat[i], static_cast<Lane>(at[i]));
#pragma GCC unroll 8
    for (int half = step / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) flat[i] = F::merge(flat[i], flat[i + half]);
    }
    *total = F::merge(*total, static_cast<typename F::Wide>(flat[0]));
  }
}

// How the work is cut. A run is one kept element where the innermost axis is reduced, else up to
// kReduceColumns neighbouring columns; its terms are elements or rows.
struct ReducePlan {
  int64_t width, blocks, runs;  // columns per run, runs per row of kept columns, all runs
  int64_t term, terms, pieces;  // terms that lie evenly spaced; all terms of a run; pieces they are cut into
  int64_t share;                // terms per piece

  explicit ReducePlan(const Axes& axes) {
    const bool along = axes.inner_reduced();
    const int64_t inner = along ? 1 : axes.inner();
    width = inner < kReduceColumns ? inner : kReduceColumns;
    blocks = width > 0 ? (inner + width - 1) / width : 0;
    runs = inner > 0 ? axes.kept_count / inner * blocks : 0;
    terms = axes.reduced_count;
    term = along ? axes.inner() : (axes.rank > 1 ? axes.size[axes.rank - 2] : 1);
    const int64_t most = kReduceGrain / (width > 0 ? width : 1);
    pieces = (terms + most - 1) / most;
    if (pieces < 1) pieces = 1;
    share = (terms + pieces - 1) / pieces;
  }
  // Items per chunk of the parallel loop.
  int64_t grain() const {
    const int64_t work = share * width;
    return work > 0 && work < kReduceGrain ? kReduceGrain / work : 1;
  }
};

// Where a run begins among the kept elements, and how many it covers.
struct ReduceRun {
  int64_t slab, column, count, first;

  ReduceRun(const Axes& axes, const ReducePlan& plan, int64_t run) {
    const int64_t inner = axes.inner_reduced() ? 1 : axes.inner();
    slab = run / plan.blocks;
    column = run % plan.blocks * plan.width;
    count = inner - column < plan.width ? inner - column : plan.width;
    first = slab * inner + column;
  }
};

// One piece of one run into total[run.count].
template <class F, class T>
void reduce_piece(const T* in, const Axes& axes, const ReducePlan& plan, const ReduceRun& run, int64_t piece,
                  typename F::Wide* total) {
  for (int64_t i = 0; i < run.count; ++i) total[i] = F::kStart;
  const int64_t end = (piece + 1) * plan.share < plan.terms ? (piece + 1) * plan.share : plan.terms;
  const T* base = in + axes.offset(false, run.slab) + run.column;
  for (int64_t at = piece * plan.share; at < end;) {
    const int64_t skipped = at % plan.term, left = plan.term - skipped;
    const int64_t count = left < end - at ? left : end - at;
    if (axes.inner_reduced()) {
      reduce_run<F>(base + axes.offset(true, at / plan.term) + skipped, count, total);
    } else {
      reduce_columns<F>(base + axes.offset(true, at), count, axes.rank > 1 ? axes.stride[axes.rank - 2] : 0,
                        run.count, total);
    }
    at += count;
  }
}

// out = finish(reduction). F: Lane, Wide, kStart, combine (of a lane or a vector of them with values), merge
// (of two results).
template <class F, class T, class R, class Finish>
void reduce(Call& call, int64_t mask, Finish finish) {
  using Wide = typename F::Wide;
  const Axes axes(call.in(0), mask);
  const ReducePlan plan(axes);
  const T* in = call.in(0).as<const T>();
  R* out = call.out(0).as<R>();
  const int64_t kept = axes.kept_count;
  if (kept == 0) return;
  Wide* partial = plan.pieces > 1 ? call.workspace<Wide>(kept * plan.pieces) : nullptr;
  if (plan.pieces > 1 && partial == nullptr) return;
  call.parallel_for(plan.runs * plan.pieces, plan.grain(), [&](int64_t begin, int64_t end) {
    Wide totals[kReduceColumns];
    for (int64_t item = begin; item < end; ++item) {
      const ReduceRun run(axes, plan, item / plan.pieces);
      const int64_t piece = item % plan.pieces;
      Wide* total = partial == nullptr ? totals : partial + piece * kept + run.first;
      reduce_piece<F>(in, axes, plan, run, piece, total);
      if (partial != nullptr) continue;
      for (int64_t i = 0; i < run.count; ++i) out[run.first + i] = finish(total[i]);
    }
  });
  for (int64_t i = 0; partial != nullptr && i < kept; ++i) {
    Wide value = F::kStart;
    for (int64_t piece = 0; piece < plan.pieces; ++piece) {
      value = F::merge(value, partial[piece * kept + i]);
    }
    out[i] = finish(value);
  }
}

}  // namespace
}  // namespace lb
