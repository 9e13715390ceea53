// Softmax along contiguous rows.
#include "../cuda/warp.h"

namespace {

using lb::cuda::Global;

// One block per row.
__global__ void softmax_kernel(Global<const float> x, Global<float> y, int64_t n) {
  const int64_t row = blockIdx.x * n;
  float largest = -INFINITY;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) largest = lb::cuda::Larger()(x[row + i], largest);
  largest = lb::cuda::reduce_block(largest, -INFINITY, lb::cuda::Larger());
  float sum = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) sum += expf(x[row + i] - largest);
  sum = lb::cuda::reduce_block(sum, 0.0f, lb::cuda::Plus());
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) y[row + i] = expf(x[row + i] - largest) / sum;
}

}  // namespace

LANDBRIDGE_KERNEL(softmaxRows, cuda, float32) {
  const int64_t n = call.integer(0);
  if (call.out(0).count == 0) return;
  lb::cuda::launch<softmax_kernel>(call, {dim3(static_cast<unsigned>(call.out(0).count / n))},
                                   lb::cuda::global<const float>(call.in(0)), lb::cuda::global<float>(call.out(0)), n);
}
