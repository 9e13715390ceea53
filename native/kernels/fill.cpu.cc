// Every element the same value. Params: the value.
#include "../cpu/elementwise.h"

namespace {
template <class T>
void fill(landbridge::Call& call) {
  T* out = call.out(0).as<T>();
  const T value = static_cast<T>(call.param(0));
  call.parallel_for(call.out(0).count, lb::kElementGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = value;
  });
}
}  // namespace

LANDBRIDGE_KERNEL(fill, cpu, float32) {
  fill<float>(call);
}
LANDBRIDGE_KERNEL(fill, cpu, int32) {
  fill<int32_t>(call);
}
LANDBRIDGE_KERNEL(fill, cpu, uint8) {
  fill<uint8_t>(call);
}
LANDBRIDGE_KERNEL(fill, cpu, bool) {
  fill<uint8_t>(call);
}
