// A copy in the shape of the output; axes of size 1 are repeated.
#include "../cpu/elementwise.h"

namespace {
template <class T>
void repeat(landbridge::Call& call) {
  const lb::Broadcast<1> walk(call);
  const T* in = call.in(0).as<const T>();
  T* out = call.out(0).as<T>();
  lb::for_rows(call, walk, [&](int64_t row, int64_t column, int64_t count, int64_t first) {
    const T* source = in + walk.offset(0, row) + column * walk.step(0);
    if (walk.step(0) == 1) {
      for (int64_t i = 0; i < count; ++i) out[first + i] = source[i];
    } else {
      const T value = *source;
      for (int64_t i = 0; i < count; ++i) out[first + i] = value;
    }
  });
}
}  // namespace

LANDBRIDGE_KERNEL(broadcastTo, cpu, float32, strided) {
  repeat<float>(call);
}
LANDBRIDGE_KERNEL(broadcastTo, cpu, int32, strided) {
  repeat<int32_t>(call);
}
LANDBRIDGE_KERNEL(broadcastTo, cpu, uint8, strided) {
  repeat<uint8_t>(call);
}
LANDBRIDGE_KERNEL(broadcastTo, cpu, bool, strided) {
  repeat<uint8_t>(call);
}
