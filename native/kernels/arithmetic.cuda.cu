// Arithmetic on two broadcast operands.
#include "../cuda/launch.h"

namespace {

// Both operands in the shape of the output; stride 0 along broadcast axes.
struct Layout {
  int rank;
  int64_t count, shape[LANDBRIDGE_MAX_RANK], a[LANDBRIDGE_MAX_RANK], b[LANDBRIDGE_MAX_RANK];
};

Layout layout_of(const landbridge::Call& call) {
  const landbridge::View& out = call.out(0);
  Layout layout{out.rank, out.count, {}, {}, {}};
  for (int axis = 0; axis < out.rank; ++axis) {
    layout.shape[axis] = out.shape[axis];
    layout.a[axis] = call.in(0).strides[axis];
    layout.b[axis] = call.in(1).strides[axis];
  }
  return layout;
}

template <class T>
__global__ void add_kernel(Layout layout, const T* a, const T* b, T* out) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < layout.count; i += step) {
    int64_t at_a = 0, at_b = 0, rest = i;
    for (int axis = layout.rank - 1; axis >= 0; --axis) {
      const int64_t index = rest % layout.shape[axis];
      rest /= layout.shape[axis];
      at_a += index * layout.a[axis];
      at_b += index * layout.b[axis];
    }
    out[i] = a[at_a] + b[at_b];
  }
}

template <class T>
void add(landbridge::Call& call) {
  const Layout layout = layout_of(call);
  if (layout.count == 0) return;
  lb::cuda::launch(call, add_kernel<T>, lb::cuda::grid_for(layout.count), dim3(lb::cuda::kBlock), layout,
                   call.in(0).as<T>(), call.in(1).as<T>(), call.out(0).as<T>());
}

}  // namespace

LANDBRIDGE_KERNEL(add, cuda, float32, strided) {
  add<float>(call);
}
LANDBRIDGE_KERNEL(add, cuda, int32, strided) {
  add<int32_t>(call);
}
