// Sums of slices by index. The indices are sorted, with equal ones in their order; then each element of the
// result adds up its own slices, so that the sums are the same bits every time.
#pragma once

#include "index_check.h"
#include "sort.h"

namespace landbridge::cuda {
namespace {

constexpr int64_t kLongRun =
    64;  // slices of one index that a single thread adds up; a block where there are more
constexpr int kRunColumns = 32;  // at most, of the elements that such a block works on

// out[outer, size, inner] and in[outer, count, inner]; the slices of j are positions[first[j]] … [first[j +
// 1] − 1].
struct Runs {
  Global<const int32_t> keys, positions, first;
  int64_t outer, size, inner, count;
};

// Where the run of each index begins in the sorted keys.
inline Global<int32_t> first_places(Call& call, Global<const int32_t> keys, int64_t count, int64_t size) {
  const auto first = scratch<int32_t>(call, size + 1);
  if (!first) return first;
  each(call, size + 1, [=] __device__(int64_t j) {
    int64_t low = 0, high = count;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (keys[middle] < j) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    first[j] = static_cast<int32_t>(low);
  });
  return first;
}

// Every element of the result whose run is short.
template <class T, class Wide, class D>
void sum_short_runs(Call& call, const Runs& runs, Global<const T> in, Global<T> out, D) {
  using Index = typename D::Index;
  const D by_inner(runs.inner), by_size(runs.size);
  each(call, runs.outer * runs.size * runs.inner, [=] __device__(int64_t i) {
    const Index row = by_inner.quotient(static_cast<Index>(i)), o = by_size.quotient(row);
    const Index j = row - o * by_size.divisor;
    const int32_t begin = runs.first[j], end = runs.first[j + 1];
    if (end - begin > kLongRun) return;
    const int64_t column = o * runs.count * runs.inner + (static_cast<Index>(i) - row * by_inner.divisor);
    Wide total = 0;
    for (int32_t at = begin; at < end; ++at)
      total += static_cast<Wide>(in[column + runs.positions[at] * runs.inner]);
    out[i] = static_cast<T>(total);
  });
}

// The sum of a run by the threads of one column, `lanes` of them; in the first one.
template <class T, class Wide>
__device__ Wide sum_run(const Runs& runs, Global<const T> in, int64_t column, bool valid, int64_t j, int lane,
                        int lanes) {
  __shared__ Shared<Wide, kThreads> of_threads;
  Wide total = 0;
  const int64_t end = runs.first[j + 1];
  for (int64_t at = runs.first[j] + int64_t{lane}; valid && at < end; at += lanes) {
    total += static_cast<Wide>(in[column + runs.positions[at] * runs.inner]);
  }
  const int thread = static_cast<int>(threadIdx.x), columns = kThreads / lanes;
  of_threads[thread] = total;
  sync_block();
  for (int i = 1; lane == 0 && i < lanes; ++i) {
    const Wide other = of_threads[thread + i * columns];
    total += other;
  }
  sync_block();  // of_threads may be written again
  return total;
}

// A long run holds a multiple of kLongRun: the block of the first one adds it up, columns side by side.
template <class T, class Wide>
__global__ void sum_long_runs_kernel(Runs runs, Global<const T> in, Global<T> out, int columns,
                                     int64_t groups) {
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t place = blockIdx.x * kLongRun, j = runs.keys[place], begin = runs.first[j];
  if (runs.first[j + 1] - begin <= kLongRun || place - begin >= kLongRun) return;  // the whole block
  for (int64_t group = blockIdx.y; group < runs.outer * groups; group += gridDim.y) {
    const int64_t o = group / groups, column = group % groups * columns + thread % columns;
    const bool valid = column < runs.inner;
    const Wide total = sum_run<T, Wide>(runs, in, o * runs.count * runs.inner + column, valid, j,
                                        thread / columns, static_cast<int>(kThreads) / columns);
    if (valid && thread < columns) out[(o * runs.size + j) * runs.inner + column] = static_cast<T>(total);
  }
}

template <class T, class Wide>
void sum_runs(Call& call, const Runs& runs) {
  const auto in = global<const T>(call.in(0));
  const auto out = global<T>(call.out(0));
  with_divider(runs.outer * runs.size * runs.inner,
               [&](auto kind) { sum_short_runs<T, Wide>(call, runs, in, out, kind); });
  int columns = 1;
  while (columns < kRunColumns && columns < runs.inner) columns *= 2;
  const int64_t groups = (runs.inner + columns - 1) / columns, side = runs.outer * groups;
  const auto blocks =
      static_cast<unsigned>(runs.count > kLongRun ? (runs.count + kLongRun - 1) / kLongRun : 0);
  const Grid grid{dim3(blocks, static_cast<unsigned>(side < 1024 ? side : 1024))};
  launch<sum_long_runs_kernel<T, Wide>>(call, grid, runs, in, out, columns, groups);
}

// out[o, j, :] = Σ in[o, i, :] over all i with indices[i] = j. Params: outer, size, inner.
template <class T, class Wide>
void scatter(Call& call) {
  const View& indices = call.in(1);
  const int64_t outer = call.integer(0), size = call.integer(1), inner = call.integer(2),
                count = indices.count;
  LANDBRIDGE_REQUIRE(count <= kMostItems, "expected at most 2147483647 indices, received more");
  if (call.out(0).count == 0) return check_indices(call, indices, size);
  const Keyed items = keyed_scratch(call, count);
  if (!items) return;
  const auto index = global<const int32_t>(indices);
  const IndexCheck check(call, size);
  each(call, count, [=] __device__(int64_t i) {
    items.keys[i] = check(index[i]);
    items.positions[i] = static_cast<int32_t>(i);
  });
  const Keyed sorted = sort_items(call, items, count, size);
  if (!sorted) return;
  const auto first = first_places(call, sorted.keys, count, size);
  if (first) sum_runs<T, Wide>(call, Runs{sorted.keys, sorted.positions, first, outer, size, inner, count});
}

}  // namespace
}  // namespace landbridge::cuda
