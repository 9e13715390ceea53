// A sum over all pairs of rows, with the gradients that are wanted: which kernels run over which tiles.
//
// Launches: the sample's moments (2), what follows from them (1), its rows placed (1), all pairs (1; 2 where
// one side alone has a gradient; one and a product per strip where rows are wide), the value (1), the
// gradients (1).
#pragma once

#include "gemm.h"
#include "gpu.h"
#include "mmd_finish.h"
#include "mmd_pairs.h"
#include "mmd_strips.h"

namespace landbridge::cuda {
namespace {

// Columns of the widest rows whose gradient fits registers, while two tiles of them fit shared memory.
inline int64_t widest_rows() {
  return shared_of_block() >= PairShape<256>::kBytes ? 256 : 128;
}

// Distances of rows in memory: 64, 128 or 256 columns where the gradient is kept in registers, else multiples
// of 64.
inline int64_t placed_columns(int64_t d) {
  const int64_t columns = (d + kColumns - 1) / kColumns * kColumns;
  return columns == 3 * kColumns && columns < widest_rows() ? widest_rows() : columns;
}

inline bool exact(const Call& call) {
  return call.precision == LB_PRECISION_float32;
}

// Everything about one sum.
template <class Sum>
struct AllPairs {
  Sum sum;
  Sides sides;
  Placed p;
  Global<float> value, dx, dy;  // the latter two may be null
  int64_t d;

  int64_t first() const { return dx ? 0 : p.x_tiles; }  // tile with a gradient
  int64_t owners() const { return (dx ? p.x_tiles : 0) + (dy ? p.y_tiles : 0); }
  // Pairs across are visited from the one side only that has a gradient.
  Sides owned_sides() const {
    Sides all = sides;
    if (!dx || !dy) all.across.value *= 2;
    return all;
  }
};

template <class Sum, bool Exact>
void launch_pairs(Call& call, const AllPairs<Sum>& all, const Span& span, const Results& to,
                  Global<float> gradients) {
  const Sides sides = all.owned_sides();
  if (all.p.ld == 64) {
    return launch<pairs_kernel<Sum, Exact, 64>>(call, span.grid(PairShape<64>::kBytes), all.sum, all.p, sides,
                                                span, to, gradients);
  }
  if (all.p.ld == 128) {
    return launch<pairs_kernel<Sum, Exact, 128>>(call, span.grid(PairShape<128>::kBytes), all.sum, all.p,
                                                 sides, span, to, gradients);
  }
  launch<pairs_kernel<Sum, Exact, 256>>(call, span.grid(PairShape<256>::kBytes), all.sum, all.p, sides, span,
                                        to, gradients);
}

template <class Sum>
void launch_strips(Call& call, const AllPairs<Sum>& all, const Sides& sides, const Span& span, bool half,
                   const Results& to, Global<float> weights) {
  const Grid grid = span.grid(kStripBytes);
  if (exact(call)) {
    launch<strips_kernel<Sum, true>>(call, grid, all.sum, all.p, sides, span, half, to, weights);
  } else {
    launch<strips_kernel<Sum, false>>(call, grid, all.sum, all.p, sides, span, half, to, weights);
  }
}

// The gradients of a strip of owners at a time, weights times rows.
template <class Sum>
void launch_wide(Call& call, const AllPairs<Sum>& all, const Results& to, int64_t strip,
                 Global<float> gradients) {
  const int64_t tiles = all.p.tiles(), columns = tiles * kTile, ld = all.p.ld;
  const Global<float> weights = scratch<float>(call, strip * kTile * columns);
  if (!weights) return;
  Results results = to;
  for (int64_t done = 0; done < all.owners(); done += strip) {
    const int64_t owners = done + strip < all.owners() ? strip : all.owners() - done;
    Span span = span_of(all.first() + done, strip, 0, tiles);
    span.owners = owners;
    launch_strips(call, all, all.owned_sides(), span, false, results, weights);
    results.values = results.values + span.blocks();
    results.rows = results.rows + owners * kTile;
    Product product{};
    product.m = owners * kTile, product.n = ld, product.k = columns;
    product.a = weights.data, product.lda = columns;
    product.b = all.p.z.data, product.ldb = ld;
    product.c = gradients.data + done * kTile * ld, product.ldc = ld;
    multiply_matrices(call, product);
  }
}

// How the pairs of rows with a gradient are cut.
struct Cut {
  bool wide;
  int64_t strip;  // owners at a time
  Span span;
  int64_t gradient_parts;

  Cut(const Placed& p, int64_t first, int64_t owners) : wide(p.ld > widest_rows()), strip(owners) {
    const int64_t fit = kStripElements / (p.tiles() * kTile * kTile);
    if (wide && strip > fit) strip = fit > 0 ? fit : 1;
    span = span_of(first, strip, 0, p.tiles());
    span.owners = owners;
    gradient_parts = wide ? 1 : span.splits();
  }
};

// Sums all pairs; false: out of memory.
template <class Sum>
bool sum_pairs(Call& call, const AllPairs<Sum>& all, Sums& sums) {
  const int64_t tiles = all.p.tiles(), owners = all.owners(), first = all.first();
  const Cut cut(all.p, first, owners);
  // The others: all, or the side without a gradient.
  const int64_t rest = owners == 0 ? 0
                       : first > 0 ? 0
                                   : all.p.x_tiles,
                rest_end = owners == 0 ? tiles : rest + tiles - owners;
  const Span others = span_of(rest, tiles - owners, rest, rest_end);
  const int64_t owned_parts = owners > 0 ? cut.span.blocks() : 0, stride = owners * kTile;
  const int64_t value_parts = owned_parts + others.blocks();
  const Global<double> values = scratch<double>(call, value_parts);
  const Global<double> rows = scratch<double>(call, cut.span.splits() * stride);
  const Global<float> gradients = scratch<float>(call, cut.gradient_parts * stride * all.p.ld);
  if (!values || !rows || !gradients) return false;
  const Results owned{values, rows, stride};
  if (owners > 0 && cut.wide) launch_wide(call, all, owned, cut.strip, gradients);
  if (owners > 0 && !cut.wide) {
    exact(call) ? launch_pairs<Sum, true>(call, all, cut.span, owned, gradients)
                : launch_pairs<Sum, false>(call, all, cut.span, owned, gradients);
  }
  launch_strips(call, all, all.sides, others, true, {values + owned_parts, {}, 0}, {});
  sums = {values, rows, gradients, value_parts, cut.span.splits(), cut.gradient_parts, first, owners};
  return true;
}

// Sums all pairs and writes the value and the gradients. `own`: a row's gradient has a part of the row
// itself.
template <class Sum>
void run_pairs(Call& call, const AllPairs<Sum>& all, const Facts& facts, const Closing& closing, bool own) {
  Sums sums{};
  if (!sum_pairs(call, all, sums)) return;
  if (!own) sums.rows = {};
  launch<value_kernel>(call, {dim3(1)}, sums, facts, closing, all.value);
  finish_gradient(call, sums, facts, closing, all.p, all.d, all.dx, all.dy);
}

}  // namespace
}  // namespace landbridge::cuda
