// Elements moved, not read: transpose, slice (flip), embed (pad, gradients of slices), concat.
#include "../cuda/elementwise.h"
#include "../cuda/strided_copy.h"

using landbridge::View;
using CopyBox = landbridge::cuda::Box<2>;  // as the input has it, and as the output has it

// Params: for each axis of the output, the input's axis.
LANDBRIDGE_KERNEL(transpose, cuda, any) {
  const View &in = call.in(0), &out = call.out(0);
  CopyBox box;
  for (int axis = out.rank - 1; axis >= 0; --axis) {
    box.add(out.shape[axis], {in.strides[call.integer(axis)], out.strides[axis]});
  }
  landbridge::cuda::copy_box(call, box, in, out);
}

// Params per axis: the first index, the step (may be negative).
LANDBRIDGE_KERNEL(slice, cuda, any) {
  const View &in = call.in(0), &out = call.out(0);
  CopyBox box;
  for (int axis = out.rank - 1; axis >= 0; --axis) {
    box.begin[0] += call.integer(2 * axis) * in.strides[axis];
    box.add(out.shape[axis], {call.integer(2 * axis + 1) * in.strides[axis], out.strides[axis]});
  }
  landbridge::cuda::copy_box(call, box, in, out);
}

namespace {
template <class T>
void fill(landbridge::Call& call, double number) {
  const T value = static_cast<T>(number);
  landbridge::cuda::map<T>(call, [=] __device__() { return value; });
}

void fill_with(landbridge::Call& call, double value) {
  const int32_t dtype = call.out(0).dtype;
  if (dtype == LB_DTYPE_float32) return fill<float>(call, value);
  if (dtype == LB_DTYPE_int32) return fill<int32_t>(call, value);
  fill<uint8_t>(call, value);
}
}  // namespace

// The opposite of slice: the input's elements stand in an output of one value. Params: the value, then per
// axis the first index and the step.
LANDBRIDGE_KERNEL(embed, cuda, any) {
  const View &in = call.in(0), &out = call.out(0);
  if (in.count < out.count) fill_with(call, call.param(0));
  CopyBox box;
  for (int axis = in.rank - 1; axis >= 0; --axis) {
    box.begin[1] += call.integer(2 * axis + 1) * out.strides[axis];
    box.add(in.shape[axis], {in.strides[axis], call.integer(2 * axis + 2) * out.strides[axis]});
  }
  landbridge::cuda::copy_box(call, box, in, out);
}

// Params: the axis.
LANDBRIDGE_KERNEL(concat, cuda, any) {
  const View& out = call.out(0);
  const int axis = static_cast<int>(call.integer(0));
  int64_t at = 0;
  for (int i = 0; i < call.input_count; ++i) {
    const View& in = call.in(i);
    CopyBox box;
    for (int a = in.rank - 1; a >= 0; --a) box.add(in.shape[a], {in.strides[a], out.strides[a]});
    box.begin[1] = at * out.strides[axis];
    landbridge::cuda::copy_box(call, box, in, out);
    at += in.shape[axis];
  }
}
