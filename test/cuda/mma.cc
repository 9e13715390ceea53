// The tensor-core instructions, lane by lane as the PTX ISA's tables for their fragments say ("mma.m16n8k8",
// "mma.m16n8k16"): row and column of the i-th element that a lane holds.
#include "landbridge/cuda/launch.h"

namespace {

using namespace landbridge::cuda;
using In = Global<const float>;

struct Lane {
  int group, in_group;
};

__device__ Lane lane() {
  const int id = static_cast<int>(threadIdx.x);
  return {id >> 2, id % 4};
}

__device__ void write(Global<float> d, Lane at, const float (&values)[4]) {
  for (int i = 0; i < 4; ++i) {
    const int row = i < 2 ? at.group : at.group + 8;
    const int column = at.in_group * 2 + (i & 1);
    d[row * 8 + column] = values[i];
  }
}

// D = A[16,8] · B[8,8] + 1. Raw: the inputs' own bits, of which the instruction ignores the last 13.
template <bool Raw>
__global__ void tf32(In a, In b, Global<float> d) {
  const Lane at = lane();
  uint32_t as[4], bs[2];
  for (int i = 0; i < 4; ++i) {
    const int row = i == 0 || i == 2 ? at.group : at.group + 8;
    const int column = i < 2 ? at.in_group : at.in_group + 4;
    const float value = a[row * 8 + column];
    as[i] = Raw ? __float_as_uint(value) : to_tf32(value);
  }
  for (int i = 0; i < 2; ++i) {
    const int row = i == 0 ? at.in_group : at.in_group + 4;
    const float value = b[row * 8 + at.group];
    bs[i] = Raw ? __float_as_uint(value) : to_tf32(value);
  }
  float sums[4] = {1, 1, 1, 1};
  mma_tf32(sums, as, bs);
  write(d, at, sums);
}

// D = A[16,16] · B[16,8] + 1.
__global__ void bf16(In a, In b, Global<float> d) {
  const Lane at = lane();
  float as[8], bs[4];
  for (int i = 0; i < 8; ++i) {
    const int row = i < 2 || (i >= 4 && i < 6) ? at.group : at.group + 8;
    const int column = at.in_group * 2 + (i & 1) + (i >= 4 ? 8 : 0);
    as[i] = a[row * 16 + column];
  }
  for (int i = 0; i < 4; ++i) {
    const int row = at.in_group * 2 + (i & 1) + (i >= 2 ? 8 : 0);
    bs[i] = b[row * 8 + at.group];
  }
  const uint32_t packed_a[4] = {pack_bf16(as[0], as[1]), pack_bf16(as[2], as[3]), pack_bf16(as[4], as[5]),
                                pack_bf16(as[6], as[7])};
  const uint32_t packed_b[2] = {pack_bf16(bs[0], bs[1]), pack_bf16(bs[2], bs[3])};
  float sums[4] = {1, 1, 1, 1};
  mma_bf16(sums, packed_a, packed_b);
  write(d, at, sums);
}

// What each rounding makes of a float.
__global__ void rounded(In x, Global<float> y) {
  const int64_t i = threadIdx.x;
  y[2 * i] = __uint_as_float(to_tf32(x[i]));
  y[2 * i + 1] = __uint_as_float(pack_bf16(0, x[i]));
}

}  // namespace

LANDBRIDGE_KERNEL(test_mma, cuda, float32) {
  const In a = global<const float>(call.in(0)), b = global<const float>(call.in(1));
  const Global<float> d = global<float>(call.out(0));
  const Grid warp{dim3(1), dim3(kWarp)};
  if (call.integer(0) == 0) launch<tf32<false>>(call, warp, a, b, d);
  if (call.integer(0) == 1) launch<tf32<true>>(call, warp, a, b, d);
  if (call.integer(0) == 2) launch<bf16>(call, warp, a, b, d);
}

LANDBRIDGE_KERNEL(test_rounded, cuda, float32) {
  launch<rounded>(call, {dim3(1), dim3(static_cast<unsigned>(call.in(0).count))},
                  global<const float>(call.in(0)), global<float>(call.out(0)));
}
