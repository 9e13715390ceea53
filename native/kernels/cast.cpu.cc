// Values in another dtype. To integers: truncated towards zero and saturated, NaN becomes 0; to bool: whether
// not 0.
#include "../cpu/unary.h"

namespace {

// Through double, which holds every float and every int32.
template <class To>
To convert(double x, double low, double high) {
  return static_cast<To>(x != x ? 0.0 : x < low ? low : x > high ? high : x);
}

using lb::simd::vf;
using lb::simd::vi;

// A vector of floats as integers in [low, high], both of which a float holds; NaN is 0.
LB_INLINE vi truncated(vf x, float low, float high) {
  return lb::simd::to_int(lb::simd::clamp(x == x ? x : vf{}, low, high));
}

// The largest float below 2^31 is 2^31 − 128: what lies above saturates apart.
void to_int32(const float* in, int32_t* out, int64_t count) {
  int64_t i = 0;
  for (; i + lb::simd::kLanes <= count; i += lb::simd::kLanes) {
    const vf x = lb::simd::load(in + i);
    const vi value = truncated(x, -0x1p31f, 0x1.fffffep30f);
    lb::simd::store(out + i, x >= 0x1p31f ? lb::simd::splat(INT32_MAX) : value);
  }
  for (; i < count; ++i) out[i] = convert<int32_t>(in[i], -2147483648.0, 2147483647.0);
}

void to_uint8(const float* in, uint8_t* out, int64_t count) {
  typedef uint8_t Bytes __attribute__((vector_size(LB_LANES)));
  int64_t i = 0;
  for (; i + lb::simd::kLanes <= count; i += lb::simd::kLanes) {
    const Bytes bytes = __builtin_convertvector(truncated(lb::simd::load(in + i), 0.0f, 255.0f), Bytes);
    __builtin_memcpy(out + i, &bytes, sizeof bytes);
  }
  for (; i < count; ++i) out[i] = convert<uint8_t>(in[i], 0.0, 255.0);
}

// Whether it was one of the casts from float that have vectors.
bool cast_vectors(landbridge::Call& call) {
  const float* in = call.in(0).as<const float>();
  const landbridge::View& out = call.out(0);
  if (out.dtype != LB_DTYPE_int32 && out.dtype != LB_DTYPE_uint8) return false;
  call.parallel_for(out.count, lb::kUnaryGrain, [=, &out](int64_t begin, int64_t end) {
    if (out.dtype == LB_DTYPE_int32) return to_int32(in + begin, out.as<int32_t>() + begin, end - begin);
    to_uint8(in + begin, out.as<uint8_t>() + begin, end - begin);
  });
  return true;
}

template <class From>
void cast(landbridge::Call& call) {
  switch (call.out(0).dtype) {
    case LB_DTYPE_float32:
      return lb::each<From, float>(call, [](From x) { return static_cast<float>(x); });
    case LB_DTYPE_int32:
      return lb::each<From, int32_t>(
          call, [](From x) { return convert<int32_t>(static_cast<double>(x), -2147483648.0, 2147483647.0); });
    case LB_DTYPE_uint8:
      return lb::each<From, uint8_t>(
          call, [](From x) { return convert<uint8_t>(static_cast<double>(x), 0.0, 255.0); });
    case LB_DTYPE_bool:
      return lb::each<From, uint8_t>(call, [](From x) { return static_cast<uint8_t>(x != 0); });
    default:
      call.fail("expected an output of dtype float32, int32, uint8 or bool");
  }
}

}  // namespace

LANDBRIDGE_KERNEL(cast, cpu, float32) {
  if (!cast_vectors(call)) cast<float>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, int32) {
  cast<int32_t>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, uint8) {
  cast<uint8_t>(call);
}
LANDBRIDGE_KERNEL(cast, cpu, bool) {
  cast<uint8_t>(call);
}
