// A copy in the shape of the output; axes of size 1 are repeated.
#include "../cpu/elementwise.h"

namespace {
template <class T>
void repeat(landbridge::Call& call) {
  const lb::Broadcast<1> walk(call);
  const T* in = call.in(0).as<const T>();
  lb::for_rows<T>(call, walk, [&](const int64_t* at, int64_t count, T* out) {
    if (walk.step(0) == 1) {
      for (int64_t i = 0; i < count; ++i) out[i] = in[at[0] + i];
    } else {
      const T value = in[at[0]];
      for (int64_t i = 0; i < count; ++i) out[i] = value;
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
