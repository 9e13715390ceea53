// Elements moved, not read: transpose, slice (flip), embed (pad, gradients of slices), concat.
#include "../cpu/strided_copy.h"

using landbridge::View;

// Params: for each axis of the output, the input's axis.
LANDBRIDGE_KERNEL(transpose, cpu, any) {
  const View &in = call.in(0), &out = call.out(0);
  lb::Box box;
  for (int axis = 0; axis < out.rank; ++axis) {
    box.add(out.shape[axis], in.strides[call.integer(axis)], out.strides[axis]);
  }
  lb::copy_box(call, box, in, 0, out, 0);
}

// Params per axis: the first index, the step (may be negative).
LANDBRIDGE_KERNEL(slice, cpu, any) {
  const View &in = call.in(0), &out = call.out(0);
  lb::Box box;
  int64_t first = 0;
  for (int axis = 0; axis < out.rank; ++axis) {
    first += call.integer(2 * axis) * in.strides[axis];
    box.add(out.shape[axis], call.integer(2 * axis + 1) * in.strides[axis], out.strides[axis]);
  }
  lb::copy_box(call, box, in, first, out, 0);
}

namespace {
template <class T>
void fill(landbridge::Call& call, T value) {
  T* out = call.out(0).as<T>();
  call.parallel_for(call.out(0).count, lb::kCopyGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = value;
  });
}

void fill_with(landbridge::Call& call, double value) {
  const int32_t dtype = call.out(0).dtype;
  if (dtype == LB_DTYPE_float32) return fill<float>(call, static_cast<float>(value));
  if (dtype == LB_DTYPE_int32) return fill<int32_t>(call, static_cast<int32_t>(value));
  fill<uint8_t>(call, static_cast<uint8_t>(value));
}
}  // namespace

// The opposite of slice: the input's elements stand in an output of one value. Params: the value, then per
// axis the first index and the step.
LANDBRIDGE_KERNEL(embed, cpu, any) {
  const View &in = call.in(0), &out = call.out(0);
  if (in.count < out.count) fill_with(call, call.param(0));
  lb::Box box;
  int64_t first = 0;
  for (int axis = 0; axis < in.rank; ++axis) {
    first += call.integer(2 * axis + 1) * out.strides[axis];
    box.add(in.shape[axis], in.strides[axis], call.integer(2 * axis + 2) * out.strides[axis]);
  }
  lb::copy_box(call, box, in, 0, out, first);
}

// Params: the axis.
LANDBRIDGE_KERNEL(concat, cpu, any) {
  const View& out = call.out(0);
  const int axis = static_cast<int>(call.integer(0));
  int64_t at = 0;
  for (int i = 0; i < call.input_count; ++i) {
    const View& in = call.in(i);
    lb::Box box;
    for (int a = 0; a < in.rank; ++a) box.add(in.shape[a], in.strides[a], out.strides[a]);
    lb::copy_box(call, box, in, 0, out, at * out.strides[axis]);
    at += in.shape[axis];
  }
}
