// What this device can do at the moment: the bandwidth of a copy, and the rates of multiply-adds in float32 and of the
// tensor cores' mma.sync. A library like any user's, built by probe.mjs. cuBLAS and cuDNN reach Hopper's tensor cores by
// wgmma too, which is faster: their products may pass 100 % of what is measured here.
#include "landbridge/cuda/launch.h"

namespace {

using landbridge::cuda::global;
using landbridge::cuda::Global;
using landbridge::cuda::launch;

constexpr int kThreads = 256;
constexpr int kChains = 8;  // independent multiply-adds per thread, or mma per warp: more than their latency

__global__ void copy_kernel(Global<const float> x, Global<float> y, int64_t count) {
  const int64_t step = 4ll * gridDim.x * blockDim.x;
  for (int64_t i = 4ll * (blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x); i < count; i += step)
    landbridge::cuda::store4(y, i, landbridge::cuda::load4(x, i));
}

__global__ void fma_kernel(Global<float> out, int rounds, float factor) {
  float sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = static_cast<float>(threadIdx.x + i);
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kChains; ++i) sums[i] = sums[i] * factor + 1.0f;
  }
  float total = 0;
  for (int i = 0; i < kChains; ++i) total += sums[i];
  out[blockIdx.x * kThreads + threadIdx.x] = total;
}

struct Tf32 {
  static __device__ uint32_t operand(float x) { return landbridge::cuda::to_tf32(x); }
  static __device__ void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    landbridge::cuda::mma_tf32(d, a, b);
  }
};
struct Bf16 {
  static __device__ uint32_t operand(float x) { return landbridge::cuda::pack_bf16(x, 1 - x); }
  static __device__ void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    landbridge::cuda::mma_bf16(d, a, b);
  }
};

template <class Kind>
__global__ void mma_kernel(Global<float> out, int rounds) {
  uint32_t a[4], b[2];
  for (int i = 0; i < 4; ++i) a[i] = Kind::operand(0.001f * (threadIdx.x + i));
  for (int i = 0; i < 2; ++i) b[i] = Kind::operand(0.002f * (threadIdx.x + i));
  float sums[kChains][4] = {};
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kChains; ++i) Kind::multiply(sums[i], a, b);
  }
  float total = 0;
  for (int i = 0; i < kChains; ++i) total += sums[i][0] + sums[i][1] + sums[i][2] + sums[i][3];
  out[blockIdx.x * kThreads + threadIdx.x] = total;
}

landbridge::cuda::Grid blocks_of(const landbridge::View& out) {
  return {dim3(static_cast<unsigned>(out.count / kThreads)), dim3(kThreads)};
}

// Floating-point operations of one round in one block: float32, TF32, bfloat16.
constexpr float kOperations[] = {2.0f * kChains * kThreads, 2.0f * kChains*(kThreads / 32) * 16 * 8 * 8,
                                 2.0f * kChains*(kThreads / 32) * 16 * 8 * 16};

__global__ void operations_kernel(Global<float> out) {
  constexpr float values[] = {kOperations[0], kOperations[1], kOperations[2]};
  if (threadIdx.x < 3) out[threadIdx.x] = values[threadIdx.x];
}

}  // namespace

// y = x; n a multiple of 4. Output: [n].
LANDBRIDGE_KERNEL(probeDeviceCopy, cuda, float32) {
  const int64_t count = call.out(0).count;
  launch<copy_kernel>(call, landbridge::cuda::grid_for(count / 4), global<const float>(call.in(0)),
                      global<float>(call.out(0)), count);
}

// Output: [blocks · 256]. Parameter: rounds, each of probeDeviceOperations[0] operations per block; the others likewise.
LANDBRIDGE_KERNEL(probeDeviceFloat32, cuda, float32) {
  launch<fma_kernel>(call, blocks_of(call.out(0)), global<float>(call.out(0)),
                     static_cast<int>(call.integer(0)), 0.999999f);
}
LANDBRIDGE_KERNEL(probeDeviceTf32, cuda, float32) {
  launch<mma_kernel<Tf32>>(call, blocks_of(call.out(0)), global<float>(call.out(0)),
                           static_cast<int>(call.integer(0)));
}
LANDBRIDGE_KERNEL(probeDeviceBfloat16, cuda, float32) {
  launch<mma_kernel<Bf16>>(call, blocks_of(call.out(0)), global<float>(call.out(0)),
                           static_cast<int>(call.integer(0)));
}

// Output: [3].
LANDBRIDGE_KERNEL(probeDeviceOperations, cuda, float32) {
  launch<operations_kernel>(call, {dim3(1), dim3(32)}, global<float>(call.out(0)));
}
