// Values in another dtype. To integers: truncated towards zero and saturated, NaN becomes 0; to bool: whether
// not 0.
#include "../cuda/elementwise.h"

namespace {

// Bounds that a float holds exactly; between them the conversion truncates.
__device__ int32_t to_int32(float x) {
  if (!(x > -0x1p31f)) return x != x ? 0 : -2147483647 - 1;
  return x < 0x1p31f ? static_cast<int32_t>(x) : 2147483647;
}
__device__ int32_t to_int32(int32_t x) {
  return x;
}
__device__ int32_t to_int32(uint8_t x) {
  return x;
}
template <class From>
__device__ uint8_t to_uint8(From x) {
  const int32_t value = to_int32(x);
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

template <class From>
void cast(landbridge::Call& call) {
  switch (call.out(0).dtype) {
    case LB_DTYPE_float32:
      return landbridge::cuda::map<float, From>(call,
                                                [] __device__(From x) { return static_cast<float>(x); });
    case LB_DTYPE_int32:
      return landbridge::cuda::map<int32_t, From>(call, [] __device__(From x) { return to_int32(x); });
    case LB_DTYPE_uint8:
      return landbridge::cuda::map<uint8_t, From>(call, [] __device__(From x) { return to_uint8(x); });
    case LB_DTYPE_bool:
      return landbridge::cuda::map<uint8_t, From>(
          call, [] __device__(From x) { return static_cast<uint8_t>(x != 0); });
    default:
      call.fail("expected an output of dtype float32, int32, uint8 or bool");
  }
}

}  // namespace

LANDBRIDGE_KERNEL(cast, cuda, float32) {
  cast<float>(call);
}
LANDBRIDGE_KERNEL(cast, cuda, int32) {
  cast<int32_t>(call);
}
LANDBRIDGE_KERNEL(cast, cuda, uint8) {
  cast<uint8_t>(call);
}
LANDBRIDGE_KERNEL(cast, cuda, bool) {
  cast<uint8_t>(call);
}
