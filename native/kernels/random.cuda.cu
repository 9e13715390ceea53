// Random numbers and dropout: the words of the CPU's kernels. The first two params of each kernel are seed
// and counter.
#include "../cuda/permutation.h"

namespace {

using landbridge::Call;
using landbridge::cuda::PhiloxBlock;
using lb::kPhiloxLanes;

// (0, 1], from all 32 bits: never 0, so that its logarithm is finite.
__device__ float open_unit(uint32_t word) {
  return static_cast<float>(word) * 0x1p-32f + 0x1p-33f;
}

template <class T>
void integers(Call& call) {
  const int64_t low = call.integer(2);
  const auto range = static_cast<uint64_t>(call.integer(3) - low);
  const auto out = landbridge::cuda::global<T>(call.out(0));
  landbridge::cuda::each_word(call, call.out(0).count, [=] __device__(int64_t i, uint32_t word) {
    out[i] = static_cast<T>(low + lb::scaled_word(word, range));
  });
}

}  // namespace

// Params: seed, counter, low, high. 24 bits each, in [low, high).
LANDBRIDGE_KERNEL(randomUniform, cuda, float32) {
  const float low = static_cast<float>(call.param(2)), high = static_cast<float>(call.param(3));
  const float range = static_cast<float>(call.param(3) - call.param(2));
  const auto out = landbridge::cuda::global<float>(call.out(0));
  landbridge::cuda::each_word(call, call.out(0).count, [=] __device__(int64_t i, uint32_t word) {
    const float value = low + range * (static_cast<float>(word >> 8) * 0x1p-24f);
    out[i] = value < high ? value : low;  // where rounding reached the bound
  });
}

// Params: seed, counter, mean, standard deviation. Box & Muller 1958: two independent normal numbers from two
// uniform ones.
LANDBRIDGE_KERNEL(randomNormal, cuda, float32) {
  const float mean = static_cast<float>(call.param(2)), deviation = static_cast<float>(call.param(3));
  const auto out = landbridge::cuda::global<float>(call.out(0));
  const int64_t count = call.out(0).count;
  landbridge::cuda::each_block(call, count, [=] __device__(int64_t first, const PhiloxBlock& block) {
#pragma unroll
    for (int pair = 0; pair < 4; pair += 2) {
      const float radius = sqrtf(-2.0f * logf(open_unit(block.words[pair])));
      const float angle = 6.28318530717958647692f * open_unit(block.words[pair + 1]);
      const int64_t at = first + pair * kPhiloxLanes;
      if (at < count) out[at] = mean + deviation * (radius * cosf(angle));
      if (at + kPhiloxLanes < count) out[at + kPhiloxLanes] = mean + deviation * (radius * sinf(angle));
    }
  });
}

// Params: seed, counter, low, high. In [low, high).
LANDBRIDGE_KERNEL(randomInteger, cuda, int32) {
  integers<int32_t>(call);
}
LANDBRIDGE_KERNEL(randomInteger, cuda, uint8) {
  integers<uint8_t>(call);
}

// Params: seed, counter. The numbers from 0 to n − 1, shuffled from the front (Fisher & Yates).
LANDBRIDGE_KERNEL(randomPermutation, cuda, int32) {
  landbridge::cuda::permute(call, call.out(0).count, landbridge::cuda::global<int32_t>(call.out(0)));
}

// x / (1 − p) where its word is at least p·2^32, else 0; the same again for the gradient. Params: seed,
// counter, p.
LANDBRIDGE_KERNEL(dropout, cuda, float32) {
  const double p = call.param(2);
  const auto threshold = static_cast<uint64_t>(p * 4294967296.0);
  const float factor = p < 1 ? static_cast<float>(1 / (1 - p)) : 0.0f;
  const auto x = landbridge::cuda::global<const float>(call.in(0));
  const auto out = landbridge::cuda::global<float>(call.out(0));
  landbridge::cuda::each_word(call, call.out(0).count, [=] __device__(int64_t i, uint32_t word) {
    out[i] = word >= threshold ? x[i] * factor : 0.0f;
  });
}
