// Functions of elements over broadcast operands: 16 bytes in one access where all of them lie that way.
#pragma once

#include <type_traits>
#include <utility>

#include "box.h"
#include "division.h"
#include "launch.h"

namespace lb::cuda {
namespace {

// V neighbours, which go to memory and back as one word.
template <class T, int V>
struct alignas(sizeof(T) * V) Pack {
  T of[V];
};
template <size_t Bytes>
using Word = std::conditional_t<Bytes == 16, uint4, std::conditional_t<Bytes == 4, uint32_t, uint8_t>>;

// One tensor. An operand that repeats along the innermost axis is read by element, the others by pack.
template <class T, int V>
struct Operand {
  using Value = std::remove_const_t<T>;
  using PackWord = Word<sizeof(T) * V>;
  using Packs = std::conditional_t<std::is_const_v<T>, const PackWord, PackWord>;
  static_assert(sizeof(PackWord) == sizeof(Pack<Value, V>));

  Global<T> one;
  Global<Packs> packs;
  bool repeats;

  Operand(const View& view, bool by_element)
      : one(view.as<T>(), view.count), packs(view.as<Packs>(), view.count / V), repeats(by_element) {}

  __device__ Pack<Value, V> load(int64_t at) const {
    Pack<Value, V> pack;
    if (repeats) {
      const Value value = one[at];
      for (Value& x : pack.of) x = value;
    } else {
      const PackWord word = packs[at];
      __builtin_memcpy(&pack, &word, sizeof pack);
    }
    return pack;
  }
  __device__ void store(int64_t at, const Pack<Value, V>& pack) const {
    PackWord word;
    __builtin_memcpy(&word, &pack, sizeof word);
    packs[at] = word;
  }
  // Element k of an incomplete pack.
  __device__ T& element(int64_t at, uint32_t k) const { return repeats ? one[at] : one[at * V + k]; }
};

// Where the packs of N tensors lie: strides and beginnings count packs, or elements where an operand repeats.
template <int N>
struct Walk {
  int rank;
  uint32_t whole, tail;  // complete packs, and elements of an incomplete one at the end
  Divider size[LANDBRIDGE_MAX_RANK];
  int64_t begin[N], strides[N][LANDBRIDGE_MAX_RANK];

  Walk(const Box<N>& box, int v) : rank(box.rank) {
    whole = static_cast<uint32_t>(box.count / v);
    tail = static_cast<uint32_t>(box.count % v);
    for (int axis = 0; axis + 1 < rank; ++axis) size[axis] = Divider(box.shape[axis] / (axis == 0 ? v : 1));
    for (int i = 0; i < N; ++i) {
      const int unit = box.strides[i][0] == 0 ? 1 : v;
      begin[i] = box.begin[i] / unit;
      for (int axis = 0; axis < rank; ++axis)
        strides[i][axis] = box.strides[i][axis] / (axis == 0 ? 1 : unit);
    }
  }

  __host__ __device__ uint32_t items() const { return whole + (tail > 0 ? 1 : 0); }

  // Flat: known to have a single axis, so that no index is divided.
  template <bool Flat>
  __device__ void locate(uint32_t item, int64_t (&at)[N]) const {
    for (int i = 0; i < N; ++i) at[i] = begin[i];
    int axis = 0;
    for (; !Flat && axis + 1 < rank; ++axis) {
      const uint32_t around = size[axis].quotient(item), index = item - around * size[axis].divisor;
      for (int i = 0; i < N; ++i) at[i] += index * strides[i][axis];
      item = around;
    }
    for (int i = 0; i < N; ++i) at[i] += item * strides[i][axis];
  }
};

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
  const auto by_element = [&](int i) { return V > 1 && box.strides[i][0] == 0; };
  launch<zip_kernel<Flat, V, F, R, const T...>>(call, grid_for(walk.items()), walk, f,
                                                Operand<R, V>(*views.of[N - 1], false),
                                                Operand<const T, V>(*views.of[I], by_element(I))...);
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
}  // namespace lb::cuda
