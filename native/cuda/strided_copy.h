// Copies between layouts: what transpose, slice, flip, pad and concat are made of.
#pragma once

#include "strided.h"
#include "transpose.h"

namespace landbridge::cuda {
namespace {

struct Same {
  template <class T>
  __device__ T operator()(T x) const {
    return x;
  }
};

template <class T>
void copy_typed(Call& call, const Box<2>& whole, const View& in, const View& out) {
  if (transposed_axis(whole) == 0) return zip_box<T, T>(call, whole, Views<2>{{&in, &out}}, Same());
  for_pieces(whole, kMostItems, [&](const Box<2>& box) {
    const int fast = transposed_axis(box);  // a piece may have become too thin
    if (fast == 0) return zip_box<T, T>(call, box, Views<2>{{&in, &out}}, Same());
    copy_tiles<T>(call, box, fast, in, out);
  });
}

inline bool is_byte(int32_t dtype) {
  return dtype == LB_DTYPE_uint8 || dtype == LB_DTYPE_bool;
}

// Copies the box from `in` to `out`; elements of one or four bytes.
inline void copy_box(Call& call, Box<2>& box, const View& in, const View& out) {
  box.finish();
  if (box.count == 0) return;
  if (is_byte(in.dtype)) return copy_typed<uint8_t>(call, box, in, out);
  copy_typed<uint32_t>(call, box, in, out);
}

}  // namespace
}  // namespace landbridge::cuda
