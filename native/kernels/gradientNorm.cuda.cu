// The Euclidean norm over all elements of many tensors, and scaling them in place to a largest norm.
#include "../cuda/tensor_list.h"
#include "landbridge/cuda/warp.h"

namespace {

using landbridge::cuda::Batch;
using landbridge::cuda::Four;
using landbridge::cuda::Global;

struct Source {
  Global<const float> x;
  int64_t count;
};
struct Scaled {
  Global<const float> x;
  Global<float> y;
  int64_t count;
};

constexpr int kSources = 180, kScaled = 128;

// One sum per block, in double: squares of large gradients stay finite.
__global__ void squares_kernel(Batch<Source, kSources> batch, Global<double> partial, int64_t first) {
  const int tensor = batch.find(blockIdx.x);
  const Source& source = batch.of[tensor];
  double sum = 0;
  landbridge::cuda::for_fours(blockIdx.x - batch.first[tensor], source.count, [&](int64_t at, int64_t lanes) {
    const Four x = load_four(source.x, at, lanes);
#pragma unroll
    for (int k = 0; k < landbridge::cuda::kLanes; ++k)
      sum += static_cast<double>(x.of[k]) * static_cast<double>(x.of[k]);
  });
  sum = landbridge::cuda::reduce_block(sum, 0.0, landbridge::cuda::Plus());
  if (threadIdx.x == 0) partial[first + blockIdx.x] = sum;
}

// One block.
__global__ void norm_kernel(Global<const double> partial, int64_t count, Global<const float> before,
                            Global<float> out) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += landbridge::cuda::kThreads) sum += partial[i];
  sum = landbridge::cuda::reduce_block(sum, 0.0, landbridge::cuda::Plus());
  if (threadIdx.x != 0) return;
  const double start = before ? static_cast<double>(before[0]) : 0.0;
  out[0] = static_cast<float>(sqrt(start * start + sum));
}

__global__ void scale_kernel(Batch<Scaled, kScaled> batch, Global<const float> norm, double largest) {
  const int tensor = batch.find(blockIdx.x);
  const Scaled& scaled = batch.of[tensor];
  const double ratio = largest / (static_cast<double>(norm[0]) + 1e-6);
  const float factor = ratio >= 1 ? 1.0f : static_cast<float>(ratio);  // NaN stays NaN
  landbridge::cuda::for_fours(blockIdx.x - batch.first[tensor], scaled.count, [&](int64_t at, int64_t lanes) {
    Four x = load_four(scaled.x, at, lanes);
    for (float& value : x.of) value *= factor;
    store_four(scaled.y, at, x, lanes);
  });
}

}  // namespace

// Inputs: a norm to start from (may be absent), then the tensors. Output: the norm of all.
LANDBRIDGE_KERNEL(gradientNorm, cuda, float32) {
  const int64_t tensors = call.input_count - 1;
  const auto source = [&](int i) {
    return Source{landbridge::cuda::global<const float>(call.in(1 + i)), call.in(1 + i).count};
  };
  int64_t blocks = 0, done = 0;
  for (int i = 0; i < tensors; ++i)
    blocks += (source(i).count + landbridge::cuda::kListChunk - 1) / landbridge::cuda::kListChunk;
  const auto partial = landbridge::cuda::scratch<double>(call, blocks + 1);
  if (!partial) return;
  landbridge::cuda::for_batches<Source, kSources>(
      tensors, source, [&](const Batch<Source, kSources>& batch, unsigned count) {
        landbridge::cuda::launch<squares_kernel>(call, {dim3(count)}, batch, partial, done);
        done += count;
      });
  landbridge::cuda::launch<norm_kernel>(call, {dim3(1)}, Global<const double>(partial), blocks,
                                        landbridge::cuda::global<const float>(call.in(0)),
                                        landbridge::cuda::global<float>(call.out(0)));
}

// Inputs: the norm, then the tensors. Outputs: each tensor times min(1, largest / (norm + 1e-6)), in place.
// Params: largest.
LANDBRIDGE_KERNEL(gradientScale, cuda, float32) {
  const auto norm = landbridge::cuda::global<const float>(call.in(0));
  const double largest = call.param(0);
  landbridge::cuda::for_batches<Scaled, kScaled>(
      call.output_count,
      [&](int i) {
        const auto& out = call.out(i);
        return Scaled{landbridge::cuda::global<const float>(call.in(1 + i)),
                      landbridge::cuda::global<float>(out), out.count};
      },
      [&](const Batch<Scaled, kScaled>& batch, unsigned blocks) {
        landbridge::cuda::launch<scale_kernel>(call, {dim3(blocks)}, batch, norm, largest);
      });
}
