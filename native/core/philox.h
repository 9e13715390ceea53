// The integer heart of Philox4x32-10: random words as a function of a key and a counter (Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011). One text for every device, because all must draw
// the same words.
#pragma once

#include <stdint.h>

#ifdef __CUDACC__
  #define LB_EVERY_DEVICE __host__ __device__
#else
  #define LB_EVERY_DEVICE
#endif

namespace lb {
namespace {

constexpr int kPhiloxRounds = 10;
constexpr int kPhiloxLanes = 16;  // blocks of a group
constexpr int kPhiloxGroup =
    4 * kPhiloxLanes;  // words in 16 blocks of 4: word w of block b serves element 16·w + b

struct PhiloxKey {
  uint32_t low, high;

  LB_EVERY_DEVICE explicit PhiloxKey(uint64_t key)
      : low(static_cast<uint32_t>(key)), high(static_cast<uint32_t>(key >> 32)) {}
  LB_EVERY_DEVICE void advance() {
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
};

// One of the ten rounds on the four words of a block.
LB_EVERY_DEVICE inline void philox_round(uint32_t& c0, uint32_t& c1, uint32_t& c2, uint32_t& c3,
                                         PhiloxKey key) {
  const uint64_t a = uint64_t{0xD2511F53} * c0, b = uint64_t{0xCD9E8D57} * c2;
  c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ key.low;
  c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ key.high;
  c1 = static_cast<uint32_t>(b);
  c3 = static_cast<uint32_t>(a);
}

// The integer in [0, range) that a word stands for; the bias is below range / 2^32.
LB_EVERY_DEVICE inline uint32_t scaled_word(uint32_t word, uint64_t range) {
  return static_cast<uint32_t>(word * range >> 32);
}

}  // namespace
}  // namespace lb
