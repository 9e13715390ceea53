// Arithmetic on two broadcast operands.
#include "../cuda/elementwise.h"

namespace {

using lb::cuda::Global;

// Both operands in the shape of the output; stride 0 along broadcast axes.
struct Layout {
  int rank;
  int64_t shape[LANDBRIDGE_MAX_RANK], a[LANDBRIDGE_MAX_RANK], b[LANDBRIDGE_MAX_RANK];
};

Layout layout_of(const landbridge::Call& call) {
  const landbridge::View& out = call.out(0);
  Layout layout{out.rank, {}, {}, {}};
  for (int axis = 0; axis < out.rank; ++axis) {
    layout.shape[axis] = out.shape[axis];
    layout.a[axis] = call.in(0).strides[axis];
    layout.b[axis] = call.in(1).strides[axis];
  }
  return layout;
}

template <class T>
void add(landbridge::Call& call) {
  const Layout layout = layout_of(call);
  const auto a = lb::cuda::global<const T>(call.in(0)), b = lb::cuda::global<const T>(call.in(1));
  const auto out = lb::cuda::global<T>(call.out(0));
  lb::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) {
    int64_t at_a = 0, at_b = 0, rest = i;
    for (int axis = layout.rank - 1; axis >= 0; --axis) {
      const int64_t index = rest % layout.shape[axis];
      rest /= layout.shape[axis];
      at_a += index * layout.a[axis];
      at_b += index * layout.b[axis];
    }
    out[i] = a[at_a] + b[at_b];
  });
}

}  // namespace

LANDBRIDGE_KERNEL(add, cuda, float32, strided) {
  add<float>(call);
}
LANDBRIDGE_KERNEL(add, cuda, int32, strided) {
  add<int32_t>(call);
}
