// Σ f(i) for a function of indices, in as many blocks as fill the device; their results are added in index
// order.
#pragma once

#include "reduce.h"

namespace landbridge::cuda {
namespace {

struct FloatSum {
  using Lane = float;
  using Wide = double;
  __device__ static float start() { return 0; }
  template <class X>
  __device__ static X merge(X a, X b) {
    return a + b;
  }
};

template <class F, class Finish>
__global__ void sum_terms_kernel(int64_t count, int64_t share, F f, Finish finish) {
  const int64_t begin = blockIdx.x * share, end = count - begin < share ? count : begin + share,
                step = kThreads;
  Partials<FloatSum> partials;
  for (int64_t i = begin + threadIdx.x; i < end; i += kPartials * step) {
    for (int k = 0; k < kPartials; ++k) partials.of[k] += i + k * step < end ? f(i + k * step) : 0.0f;
  }
  const double total = merge_block<FloatSum>(partials.merged());
  if (threadIdx.x == 0) finish(blockIdx.x, total);
}

template <class Finish>
__global__ void add_parts_kernel(Global<const double> parts, int64_t count, Finish finish) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += parts[i];
  sum = reduce_block(sum, 0.0, Plus());
  if (threadIdx.x == 0) finish(0, sum);
}

struct KeepPart {
  Global<double> parts;
  __device__ void operator()(int64_t part, double sum) const { parts[part] = sum; }
};

// Calls finish(0, Σ f(i)) in one thread. f gives floats, a few hundred of which are added before double takes
// over.
template <class F, class Finish>
void sum_terms(Call& call, int64_t count, F f, Finish finish) {
  Cut cut;
  cut_terms(cut, 1, count, kLeastShare, kMostShare);
  const Grid grid{dim3(static_cast<unsigned>(cut.pieces))};
  if (cut.pieces == 1) return launch<sum_terms_kernel<F, Finish>>(call, grid, count, cut.share, f, finish);
  const auto parts = scratch<double>(call, cut.pieces);
  if (!parts) return;
  launch<sum_terms_kernel<F, KeepPart>>(call, grid, count, cut.share, f, KeepPart{parts});
  launch<add_parts_kernel<Finish>>(call, {dim3(1)}, Global<const double>(parts), cut.pieces, finish);
}

}  // namespace
}  // namespace landbridge::cuda
