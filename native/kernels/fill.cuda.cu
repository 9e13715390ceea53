// Every element the same value. Params: the value.
#include "../cuda/elementwise.h"

namespace {
template <class T>
void fill(landbridge::Call& call) {
  const T value = static_cast<T>(call.param(0));
  landbridge::cuda::map<T>(call, [=] __device__() { return value; });
}
}  // namespace

LANDBRIDGE_KERNEL(fill, cuda, float32) {
  fill<float>(call);
}
LANDBRIDGE_KERNEL(fill, cuda, int32) {
  fill<int32_t>(call);
}
LANDBRIDGE_KERNEL(fill, cuda, uint8) {
  fill<uint8_t>(call);
}
LANDBRIDGE_KERNEL(fill, cuda, bool) {
  fill<uint8_t>(call);
}
