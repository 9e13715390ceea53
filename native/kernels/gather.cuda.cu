// Slices chosen by index, and their opposite. Indices are data: one out of range fails the call.
#include "../cuda/scatter.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::Global;

// out[o, j, :] = in[o, indices[j], :], where rows are `inner` words of type W.
template <class W, class D>
void gather(Call& call, int64_t outer, int64_t n, int64_t inner, D) {
  using Index = typename D::Index;
  const View& indices = call.in(1);
  const auto index = landbridge::cuda::global<const int32_t>(indices);
  const int64_t rows = call.in(0).count == 0 ? 0 : outer * n;
  const Global<const W> in(call.in(0).as<const W>(), rows * inner);
  const Global<W> out(call.out(0).as<W>(), outer * indices.count * inner);
  const D by_inner(inner), by_chosen(indices.count);
  const landbridge::cuda::IndexCheck check(call, n);
  landbridge::cuda::each(call, outer * indices.count * inner, [=] __device__(int64_t i) {
    const Index row = by_inner.quotient(static_cast<Index>(i)), o = by_chosen.quotient(row);
    const int64_t source = o * n + check(index[row - o * by_chosen.divisor]);
    out[i] = in[source * inner + (static_cast<Index>(i) - row * by_inner.divisor)];
  });
}

template <class W>
void gather_words(Call& call, int64_t outer, int64_t n, int64_t inner) {
  landbridge::cuda::with_divider(outer * call.in(1).count * inner,
                                 [&](auto kind) { gather<W>(call, outer, n, inner, kind); });
}

}  // namespace

// Params: outer, n, inner: the input is [outer, n, inner]. Rows are moved in the widest words that they are
// made of.
LANDBRIDGE_KERNEL(gather, cuda, any) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  const int32_t dtype = call.in(0).dtype;
  const int64_t bytes = dtype == LB_DTYPE_uint8 || dtype == LB_DTYPE_bool ? inner : 4 * inner;
  if (call.out(0).count == 0 || n == 0) return landbridge::cuda::check_indices(call, call.in(1), n);
  if (bytes % 16 == 0) return gather_words<uint4>(call, outer, n, bytes / 16);
  if (bytes % 4 == 0) return gather_words<uint32_t>(call, outer, n, bytes / 4);
  gather_words<uint8_t>(call, outer, n, bytes);
}

// Params: outer, size, inner: the result is [outer, size, inner].
LANDBRIDGE_KERNEL(scatterSum, cuda, float32) {
  landbridge::cuda::scatter<float, double>(call);
}
LANDBRIDGE_KERNEL(scatterSum, cuda, int32) {
  landbridge::cuda::scatter<int32_t, uint32_t>(call);
}

namespace {
template <class D>
void one_hot(Call& call, int64_t depth, D) {
  using Index = typename D::Index;
  const auto index = landbridge::cuda::global<const int32_t>(call.in(0));
  const auto out = landbridge::cuda::global<float>(call.out(0));
  const D by_depth(depth);
  const landbridge::cuda::IndexCheck check(call, depth);
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) {
    const Index row = by_depth.quotient(static_cast<Index>(i));
    const int64_t column = static_cast<Index>(i) - row * by_depth.divisor;
    out[i] = column == check(index[row]) ? 1.0f : 0.0f;
  });
}
}  // namespace

// out[i, :] is 1 at indices[i] and 0 elsewhere.
LANDBRIDGE_KERNEL(oneHot, cuda, int32) {
  const int64_t depth = call.integer(0);
  if (depth == 0) return landbridge::cuda::check_indices(call, call.in(0), depth);
  landbridge::cuda::with_divider(call.out(0).count, [&](auto kind) { one_hot(call, depth, kind); });
}
