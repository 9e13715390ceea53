// Functions of elements over broadcast operands: 16 bytes in one access where all of them lie that way.
#pragma once

#include <utility>

#include "operand.h"

namespace landbridge::cuda {
namespace {

template <class R, int V, class F, class... P>
__device__ __forceinline__ Pack<R, V> apply(F f, const P&... packs) {
  Pack<R, V> out;
#pragma unroll
  for (int k = 0; k < V; ++k) out.of[k] = f(packs.of[k]...);
  return out;
}

template <bool Flat, int V, size_t... I, class F, class R, class... T>
__device__ __forceinline__ void zip_items(std::index_sequence<I...>, const Walk<1 + sizeof...(T)>& walk, F f,
                                          Operand<R, V> out, Operand<T, V>... in) {
  constexpr int kInputs = static_cast<int>(sizeof...(T));
  const uint32_t step = gridDim.x * blockDim.x, count = walk.items();
  for (uint32_t item = blockIdx.x * blockDim.x + threadIdx.x; item < count; item += step) {
    int64_t at[kInputs + 1];
    walk.template locate<Flat>(item, at);
    if (item < walk.whole) {
      out.store(at[kInputs], apply<R, V>(f, in.load(at[I])...));
    } else {
#pragma unroll 1
      for (uint32_t k = 0; k < walk.tail; ++k) out.element(at[kInputs], k) = f(in.element(at[I], k)...);
    }
  }
}

template <bool Flat, int V, class F, class R, class... T>
__global__ void zip_kernel(Walk<1 + sizeof...(T)> walk, F f, Operand<R, V> out, Operand<T, V>... in) {
  zip_items<Flat>(std::make_index_sequence<sizeof...(T)>(), walk, f, out, in...);
}

// Whether every tensor can be read or written by packs of v elements; the last one is the output.
template <int N>
bool takes_packs(const Box<N>& box, int v) {
  if (box.rank > 1 && box.shape[0] % v != 0) return false;
  for (int i = 0; i < N; ++i) {
    if (box.strides[i][0] == 0 && i + 1 < N) continue;
    if (box.strides[i][0] != 1 || box.begin[i] % v != 0) return false;
    for (int axis = 1; axis < box.rank; ++axis) {
      if (box.strides[i][axis] % v != 0) return false;
    }
  }
  return true;
}

// The inputs, then the output.
template <int N>
struct Views {
  const View* of[N];
};

template <bool Flat, int V, class R, class... T, int N, class F, size_t... I>
void launch_zip(Call& call, const Box<N>& box, const Views<N>& views, F f, std::index_sequence<I...>) {
  const Walk<N> walk(box, V);
  launch<zip_kernel<Flat, V, F, R, const T...>>(
      call, grid_for(walk.items()), walk, f, Operand<R, V>(*views.of[N - 1], false),
      Operand<const T, V>(*views.of[I], V > 1 && box.strides[I][0] == 0)...);
}

constexpr int widest() {
  return 1;
}
template <class... Size>
constexpr int widest(int size, Size... rest) {
  const int other = widest(rest...);
  return size > other ? size : other;
}

// Writes f(inputs...) over the box to its last tensor. Packs: 16 bytes of the widest type.
template <class R, class... T, int N, class F>
void zip_box(Call& call, const Box<N>& whole, const Views<N>& views, F f) {
  static_assert(N == 1 + static_cast<int>(sizeof...(T)));
  constexpr int kPack = 16 / widest(int{sizeof(R)}, int{sizeof(T)}...);
  constexpr auto kInputs = std::make_index_sequence<sizeof...(T)>();
  if (whole.count == 0) return;
  for_pieces(whole, kMostItems, [&](const Box<N>& box) {
    if (!takes_packs(box, kPack)) return launch_zip<false, 1, R, T...>(call, box, views, f, kInputs);
    if (box.rank > 1) return launch_zip<false, kPack, R, T...>(call, box, views, f, kInputs);
    launch_zip<true, kPack, R, T...>(call, box, views, f, kInputs);
  });
}

// The same where all tensors are contiguous.
template <class R, class... T, int N, class F>
void zip_flat(Call& call, const Box<N>& whole, const Views<N>& views, F f) {
  constexpr int kPack = 16 / widest(int{sizeof(R)}, int{sizeof(T)}...);
  constexpr auto kInputs = std::make_index_sequence<sizeof...(T)>();
  if (whole.count == 0) return;
  for_pieces(whole, kMostItems,
             [&](const Box<N>& box) { launch_zip<true, kPack, R, T...>(call, box, views, f, kInputs); });
}

}  // namespace
}  // namespace landbridge::cuda
