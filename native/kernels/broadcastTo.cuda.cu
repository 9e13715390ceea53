// A copy in the shape of the output; axes of size 1 are repeated.
#include "../cuda/elementwise.h"

namespace {
// Values are moved, not read: T is any type of their size.
template <class T>
void repeat(landbridge::Call& call) {
  landbridge::cuda::zip<T, T>(call, [] __device__(T x) { return x; });
}
}  // namespace

LANDBRIDGE_KERNEL(broadcastTo, cuda, float32, strided) {
  repeat<uint32_t>(call);
}
LANDBRIDGE_KERNEL(broadcastTo, cuda, int32, strided) {
  repeat<uint32_t>(call);
}
LANDBRIDGE_KERNEL(broadcastTo, cuda, uint8, strided) {
  repeat<uint8_t>(call);
}
LANDBRIDGE_KERNEL(broadcastTo, cuda, bool, strided) {
  repeat<uint8_t>(call);
}
