// Random words on the device: one thread per block of four.
#pragma once

#include "../core/philox.h"
#include "elementwise.h"

namespace landbridge::cuda {
namespace {

using lb::kPhiloxGroup, lb::kPhiloxLanes, lb::kPhiloxRounds;
using lb::philox_round, lb::PhiloxKey, lb::scaled_word;

struct PhiloxBlock {
  uint32_t words[4];
};

struct Philox {
  uint64_t key, counter;

  // Params 0 and 1: seed and counter.
  explicit Philox(const Call& call)
      : key(static_cast<uint64_t>(call.param(0))), counter(static_cast<uint64_t>(call.param(1))) {}

  __device__ PhiloxBlock block(int64_t index) const {
    const uint64_t at = counter + static_cast<uint64_t>(index);
    uint32_t c0 = static_cast<uint32_t>(at), c1 = static_cast<uint32_t>(at >> 32), c2 = 0, c3 = 0;
    PhiloxKey round_key(key);
    for (int round = 0; round < kPhiloxRounds; ++round) {
      philox_round(c0, c1, c2, c3, round_key);
      round_key.advance();
    }
    return {{c0, c1, c2, c3}};
  }
};

// Calls f(first, words) for each block that serves any of `count` elements: word w is for element first +
// 16·w.
template <class F>
void each_block(Call& call, int64_t count, F f) {
  const Philox philox(call);
  const int64_t blocks = (count + kPhiloxGroup - 1) / kPhiloxGroup * kPhiloxLanes;
  each(call, blocks, [=] __device__(int64_t i) {
    const int64_t first = i / kPhiloxLanes * kPhiloxGroup + i % kPhiloxLanes;
    if (first < count) f(first, philox.block(i));
  });
}

// Calls f(element, word) for each of `count` elements.
template <class F>
void each_word(Call& call, int64_t count, F f) {
  each_block(call, count, [=] __device__(int64_t first, const PhiloxBlock& block) {
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const int64_t element = first + w * kPhiloxLanes;
      if (element < count) f(element, block.words[w]);
    }
  });
}

}  // namespace
}  // namespace landbridge::cuda
