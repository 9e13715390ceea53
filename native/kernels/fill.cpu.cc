// Every element the same value. Params: the value.
#include "../cpu/elementwise.h"

namespace {
template <class T>
void fill(landbridge::Call& call) {
  T* out = call.out(0).as<T>();
  const T value = static_cast<T>(call.param(0));
  const bool past = lb::past_cache(call.out(0), sizeof(T));
  call.parallel_for(call.out(0).count, lb::kElementGrain, [=](int64_t begin, int64_t end) {
    lb::write_out(out + begin, end - begin, past, [=](T* target, int64_t, int64_t count) {
      for (int64_t i = 0; i < count; ++i) target[i] = value;
    });
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
