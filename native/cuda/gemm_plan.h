// How a product is cut into blocks; by its shape only, so that the same shape gives the same bits on every
// GPU. Plain host code.
#pragma once

#include <cstdint>

namespace landbridge::cuda {
namespace {

struct ProductShape {
  int m, n, k;
  int64_t batches;
};

struct Plan {
  bool large;  // 128 x 128, or else 64 x 64
  int splits;  // parts of k, summed apart and added up in order
};

// A tile's blocks should number about twice the SMs of the GPUs at hand (108 and 132); the figures below are
// part of what defines results: changing them changes bits.
constexpr int64_t kManyBlocks = 200;    // enough of the large tile
constexpr int64_t kWantedBlocks = 264;  // of the small one
constexpr int kLeastSteps = 16;         // of 16 k each, that a part is worth
constexpr int kMostSplits = 64;
constexpr int64_t kMostPartials = int64_t{1} << 26;  // floats of partial sums

constexpr int64_t tiles_of(const ProductShape& s, int rows, int columns) {
  return (static_cast<int64_t>(s.m) + rows - 1) / rows *
         ((static_cast<int64_t>(s.n) + columns - 1) / columns) * s.batches;
}

constexpr int splits_of(const ProductShape& s, int64_t blocks) {
  const int64_t wanted = blocks > 0 ? kWantedBlocks / blocks : 1, worth = s.k / (16 * kLeastSteps);
  const int64_t fit = kMostPartials / (static_cast<int64_t>(s.m) * s.n * s.batches);
  int64_t splits = wanted < worth ? wanted : worth;
  if (splits > fit) splits = fit;
  if (splits > kMostSplits) splits = kMostSplits;
  return splits < 2 ? 1 : static_cast<int>(splits);
}

// `largest`: the side of the largest tile, 64 or 128.
constexpr Plan plan_of(const ProductShape& s, int largest) {
  if (s.m == 0 || s.n == 0 || s.batches == 0) return {false, 1};
  const int64_t large = tiles_of(s, 128, 128);
  const bool fills = largest == 128 && s.m > 64 && s.n > 64;  // otherwise half of the large tile idles
  if (fills && large >= kManyBlocks) return {true, 1};
  // Deep products of some size: the large tile reads half as much, and splitting finds the blocks.
  const int splits = splits_of(s, large);
  if (fills && large * splits >= kManyBlocks / 2) return {true, splits};
  return {false, splits_of(s, tiles_of(s, 64, 64))};
}

}  // namespace
}  // namespace landbridge::cuda
