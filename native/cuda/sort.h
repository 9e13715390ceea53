// Stable radix sort of integers with their positions, 8 bits a pass: what sums by index in a fixed order are
// made of.
#pragma once

#include "elementwise.h"
#include "scan.h"

namespace landbridge::cuda {
namespace {

constexpr int kDigits = 256, kDigitBits = 8;
constexpr int kSortWarps = kThreads / kWarp;
constexpr int kSortTile = 4096;  // items of a block
static_assert(kThreads == kDigits, "each thread looks after one digit");

struct Keyed {
  Global<int32_t> keys, positions;  // equal keys in the order of their positions
  explicit operator bool() const { return keys && positions; }
};

inline Keyed keyed_scratch(Call& call, int64_t count) {
  return {scratch<int32_t>(call, count + 1), scratch<int32_t>(call, count + 1)};  // room for none, too
}

__device__ __forceinline__ int digit_of(int32_t key, int shift) {
  return key >> shift & (kDigits - 1);
}

// counts[tile][digit]
__global__ void count_digits_kernel(Global<const int32_t> keys, int64_t count, int shift,
                                    Global<int32_t> counts) {
  __shared__ Shared<int, kDigits> seen;
  const int thread = static_cast<int>(threadIdx.x);
  seen[thread] = 0;
  sync_block();
  for (int64_t at = blockIdx.x * int64_t{kSortTile}; at < (blockIdx.x + int64_t{1}) * kSortTile;
       at += kThreads) {
    if (at + thread < count) atomic_add(seen + 0, digit_of(keys[at + thread], shift), 1);
  }
  sync_block();
  counts[blockIdx.x * int64_t{kDigits} + thread] = seen[thread];
}

// Turns counts into where each tile's items of each digit begin. One block.
__global__ void place_digits_kernel(Global<int32_t> counts, int64_t tiles) {
  int of_digit = 0, all = 0;
  for (int64_t tile = 0; tile < tiles; ++tile) of_digit += counts[tile * kDigits + threadIdx.x];
  const int at = scan_block(of_digit, all);
  scan_alone(counts, threadIdx.x, kDigits, tiles, at);
}

// The lanes whose item has the same digit as this one's; none where `valid` is false.
__device__ __forceinline__ unsigned lanes_alike(int digit, bool valid) {
  unsigned alike = ballot(valid);
  for (int bit = 0; bit < kDigitBits; ++bit) {
    const bool set = (digit >> bit & 1) != 0;
    const unsigned lanes = ballot(set);
    alike &= set ? lanes : ~lanes;
  }
  return valid ? alike : 0;
}

// Moves each item to its place: items of a digit keep their order, over the rounds, warps and lanes of a
// tile.
__global__ void move_items_kernel(Keyed from, Keyed to, int64_t count, int shift,
                                  Global<const int32_t> starts) {
  __shared__ Shared<int, kSortWarps * kDigits> of_warps;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, row = thread / kWarp * kDigits;
  int next = starts[blockIdx.x * int64_t{kDigits} + thread];  // of the digit that this thread looks after
  for (int64_t at = blockIdx.x * int64_t{kSortTile}; at < (blockIdx.x + int64_t{1}) * kSortTile;
       at += kThreads) {
    const bool valid = at + thread < count;
    const int32_t key = valid ? from.keys[at + thread] : 0;
    const int digit = digit_of(key, shift);
    const unsigned alike = lanes_alike(digit, valid);
    const int before = __popc(alike & ((1u << lane) - 1));
    for (int warp = 0; warp < kSortWarps; ++warp) of_warps[warp * kDigits + thread] = 0;
    sync_block();
    if (valid && before == 0) of_warps[row + digit] = __popc(alike);
    sync_block();
    for (int warp = 0; warp < kSortWarps; ++warp) {
      const int here = of_warps[warp * kDigits + thread];
      of_warps[warp * kDigits + thread] = next;
      next += here;
    }
    sync_block();
    if (valid) {
      const int start = of_warps[row + digit];
      to.keys[start + before] = key;
      to.positions[start + before] = from.positions[at + thread];
    }
    sync_block();
  }
}

// Sorts `count` items with keys in [0, limit); `items` is overwritten. Null, and the call failed, when memory
// is out.
inline Keyed sort_items(Call& call, Keyed items, int64_t count, int64_t limit) {
  const int64_t tiles = (count + kSortTile - 1) / kSortTile;
  Keyed other = keyed_scratch(call, count);
  const auto counts = scratch<int32_t>(call, (tiles + 1) * kDigits);
  if (!other || !counts) return {};
  const Grid grid{dim3(static_cast<unsigned>(tiles))};
  for (int shift = 0; tiles > 0 && shift < 32 && (limit - 1) >> shift > 0; shift += kDigitBits) {
    launch<count_digits_kernel>(call, grid, Global<const int32_t>(items.keys), count, shift, counts);
    launch<place_digits_kernel>(call, Grid{dim3(1)}, counts, tiles);
    launch<move_items_kernel>(call, grid, items, other, count, shift, Global<const int32_t>(counts));
    std::swap(items, other);
  }
  return items;
}

}  // namespace
}  // namespace landbridge::cuda
