// Division by a number that is known before the launch: a multiplication and a shift (Granlund & Montgomery,
// "Division by invariant integers using multiplication", PLDI 1994). A GPU has no instruction for division.
#pragma once

#include "landbridge/cuda/platform.h"

namespace landbridge::cuda {
namespace {

// For dividends below 2^31 and divisors from 1 to 2^31 - 1.
struct Divider {
  using Index = uint32_t;
  uint32_t divisor = 1, magic = 1, shift = 0;

  Divider() = default;
  explicit Divider(int64_t by) : divisor(static_cast<uint32_t>(by)) {
    while ((uint64_t{1} << shift) < divisor) ++shift;
    magic = static_cast<uint32_t>((((uint64_t{1} << shift) - divisor) << 32) / divisor + 1);
  }
  __device__ uint32_t quotient(uint32_t n) const {
    const auto high = static_cast<uint32_t>(static_cast<uint64_t>(n) * magic >> 32);
    return (high + n) >> shift;
  }
};

// The same for any dividend, at the price of a division: for counts from 2^31 on.
struct WideDivider {
  using Index = int64_t;
  int64_t divisor = 1;

  WideDivider() = default;
  explicit WideDivider(int64_t by) : divisor(by) {}
  __device__ int64_t quotient(int64_t n) const { return n / divisor; }
};

constexpr int64_t kMostItems = 2147483647;  // what 32-bit indices count

// Calls f with the kind of divider that `count` items need:  with_divider(count, [&](auto kind) { … });
template <class F>
void with_divider(int64_t count, const F& f) {
  count <= kMostItems ? f(Divider()) : f(WideDivider());
}

}  // namespace
}  // namespace landbridge::cuda
