// A tensor's elements in accesses of 16 bytes, and where they lie in a box.
#pragma once

#include <type_traits>

#include "box.h"
#include "division.h"
#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
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

}  // namespace
}  // namespace landbridge::cuda
