// Philox4x32-10: random words as a function of a key and a counter (Salmon et al., "Parallel random numbers:
// as easy as 1, 2, 3", SC 2011). No state, so that any element can be computed by any thread.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
namespace {

constexpr int kPhiloxLanes = 16;  // counters that are worked on at once, on every instruction set
constexpr int kPhiloxGroup = 4 * kPhiloxLanes;  // words in 16 blocks of 4
constexpr int64_t kPhiloxGrain = 256;           // groups per chunk

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
    uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      for (int lane = 0; lane < kPhiloxLanes; ++lane) {
        const uint64_t a = uint64_t{0xD2511F53} * c[0][lane], b = uint64_t{0xCD9E8D57} * c[2][lane];
        c[0][lane] = static_cast<uint32_t>(b >> 32) ^ c[1][lane] ^ key0;
        c[2][lane] = static_cast<uint32_t>(a >> 32) ^ c[3][lane] ^ key1;
        c[1][lane] = static_cast<uint32_t>(b);
        c[3][lane] = static_cast<uint32_t>(a);
      }
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
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
