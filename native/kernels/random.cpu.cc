// Random numbers and dropout. The first two params of each kernel are seed and counter.
#include "../cpu/math.h"
#include "../cpu/philox.h"

namespace {

using landbridge::Call;
using lb::kPhiloxGroup;
using lb::kPhiloxLanes;
using lb::Philox;
using lb::PhiloxWords;
namespace simd = lb::simd;
using simd::vf;

// A whole group of 64 floats goes to its place; of the last group only what is wanted.
void copy(const float* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

// (0, 1], from all 32 bits: never 0, so that its logarithm is finite.
vf open_unit(const uint32_t* words) {
  vf value;
  for (int lane = 0; lane < simd::kLanes; ++lane) value[lane] = static_cast<float>(words[lane]);
  return value * 0x1p-32f + 0x1p-33f;
}

// Box & Muller 1958: two independent normal numbers from two uniform ones.
void normal(const PhiloxWords& random, float mean, float deviation, float* out) {
  for (int pair = 0; pair < 4; pair += 2) {
    for (int lane = 0; lane < kPhiloxLanes; lane += simd::kLanes) {
      const vf radius = simd::sqrt(-2.0f * simd::log(open_unit(random.words[pair] + lane)));
      const vf angle = 6.28318530717958647692f * open_unit(random.words[pair + 1] + lane);
      float* target = out + pair * kPhiloxLanes + lane;
      simd::store(target, mean + deviation * (radius * simd::cos(angle)));
      simd::store(target + kPhiloxLanes, mean + deviation * (radius * simd::sin(angle)));
    }
  }
}

template <class T>
void integers(Call& call) {
  const int64_t low = call.integer(2);
  const auto range = static_cast<uint64_t>(call.integer(3) - low);
  T* out = call.out(0).as<T>();
  lb::for_groups(call, Philox(call, 0), call.out(0).count,
                 [=](const PhiloxWords& random, int64_t first, int64_t count) {
                   for (int64_t i = 0; i < count; ++i) {
                     out[first + i] = static_cast<T>(low + lb::scaled_word((&random.words[0][0])[i], range));
                   }
                 });
}

}  // namespace

// Params: seed, counter, low, high. 24 bits each, in [low, high).
LANDBRIDGE_KERNEL(randomUniform, cpu, float32) {
  const float low = static_cast<float>(call.param(2)), high = static_cast<float>(call.param(3));
  const float range = static_cast<float>(call.param(3) - call.param(2));
  float* out = call.out(0).as<float>();
  lb::for_groups(call, Philox(call, 0), call.out(0).count,
                 [=](const PhiloxWords& random, int64_t first, int64_t count) {
                   alignas(64) float values[kPhiloxGroup];
                   for (int i = 0; i < kPhiloxGroup; ++i) {
                     const float unit = static_cast<float>((&random.words[0][0])[i] >> 8) * 0x1p-24f;
                     const float value = low + range * unit;
                     values[i] = value < high ? value : low;  // where rounding reached the bound
                   }
                   copy(values, out + first, count);
                 });
}

// Params: seed, counter, mean, standard deviation.
LANDBRIDGE_KERNEL(randomNormal, cpu, float32) {
  const float mean = static_cast<float>(call.param(2)), deviation = static_cast<float>(call.param(3));
  float* out = call.out(0).as<float>();
  lb::for_groups(call, Philox(call, 0), call.out(0).count,
                 [=](const PhiloxWords& random, int64_t first, int64_t count) {
                   alignas(64) float values[kPhiloxGroup];
                   normal(random, mean, deviation, values);
                   copy(values, out + first, count);
                 });
}

// Params: seed, counter, low, high. In [low, high).
LANDBRIDGE_KERNEL(randomInteger, cpu, int32) {
  integers<int32_t>(call);
}
LANDBRIDGE_KERNEL(randomInteger, cpu, uint8) {
  integers<uint8_t>(call);
}

// Params: seed, counter. The numbers from 0 to n − 1, shuffled from the front (Fisher & Yates); one after
// another, since each exchange depends on those before.
LANDBRIDGE_KERNEL(randomPermutation, cpu, int32) {
  int32_t* out = call.out(0).as<int32_t>();
  const int64_t count = call.out(0).count;
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int32_t>(i);
  const Philox philox(call, 0);
  PhiloxWords random;
  for (int64_t i = 0; i < count; ++i) {
    if (i % kPhiloxGroup == 0) philox.group(i / kPhiloxGroup, random);
    const uint32_t word = (&random.words[0][0])[i % kPhiloxGroup];
    const int64_t other = i + lb::scaled_word(word, static_cast<uint64_t>(count - i));
    const int32_t held = out[i];
    out[i] = out[other];
    out[other] = held;
  }
}

// x / (1 − p) where its word is at least p·2^32, else 0; the same again for the gradient. Params: seed,
// counter, p.
LANDBRIDGE_KERNEL(dropout, cpu, float32) {
  const double p = call.param(2);
  const auto threshold = static_cast<uint64_t>(p * 4294967296.0);
  const float factor = p < 1 ? static_cast<float>(1 / (1 - p)) : 0.0f;
  const float* x = call.in(0).as<const float>();
  float* out = call.out(0).as<float>();
  lb::for_groups(call, Philox(call, 0), call.out(0).count,
                 [=](const PhiloxWords& random, int64_t first, int64_t count) {
                   const uint32_t* words = &random.words[0][0];
                   for (int64_t i = 0; i < count; ++i) {
                     out[first + i] = words[i] >= threshold ? x[first + i] * factor : 0.0f;
                   }
                 });
}
