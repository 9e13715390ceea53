// Random words on the CPU, 16 blocks at once. No state, so that any element can be computed by any thread.
#pragma once

#include "../core/philox.h"
#include "landbridge/kernel.h"

namespace lb {
namespace {

constexpr int64_t kPhiloxGrain = 256;  // groups per chunk

// The words of a group: words[w][lane] is word w of block `lane`, and serves element 16·w + lane of the
// group.
struct PhiloxWords {
  alignas(64) uint32_t words[4][kPhiloxLanes];
};

struct Philox {
  uint64_t key, counter;

  // Params `at` and `at + 1`: seed and counter.
  Philox(const landbridge::Call& call, int at)
      : key(static_cast<uint64_t>(call.param(at))), counter(static_cast<uint64_t>(call.param(at + 1))) {}

  void group(int64_t index, PhiloxWords& out) const {
    auto& c = out.words;
    for (int lane = 0; lane < kPhiloxLanes; ++lane) {
      const uint64_t at = counter + static_cast<uint64_t>(index) * kPhiloxLanes + static_cast<uint64_t>(lane);
      c[0][lane] = static_cast<uint32_t>(at);
      c[1][lane] = static_cast<uint32_t>(at >> 32);
      c[2][lane] = c[3][lane] = 0;
    }
    PhiloxKey round_key(key);
    for (int round = 0; round < kPhiloxRounds; ++round) {
      for (int lane = 0; lane < kPhiloxLanes; ++lane) {
        philox_round(c[0][lane], c[1][lane], c[2][lane], c[3][lane], round_key);
      }
      round_key.advance();
    }
  }
};

// Calls f(words, first, count) for each group of at most 64 elements.
template <class F>
void for_groups(landbridge::Call& call, const Philox& philox, int64_t count, const F& f) {
  call.parallel_for((count + kPhiloxGroup - 1) / kPhiloxGroup, kPhiloxGrain, [&](int64_t begin, int64_t end) {
    PhiloxWords words;
    for (int64_t group = begin; group < end; ++group) {
      const int64_t first = group * kPhiloxGroup, rest = count - first;
      philox.group(group, words);
      f(words, first, rest < kPhiloxGroup ? rest : kPhiloxGroup);
    }
  });
}

}  // namespace
}  // namespace lb
