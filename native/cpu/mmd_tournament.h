// Every pair of blocks of rows once, in parallel, with the gradients of both blocks as targets.
//
// In round p block i meets block (p − i) mod B: a tournament in which nobody plays twice in a round (and who
// meets himself works on his own pairs). So no two tasks of a round write the same rows, nothing is kept per
// thread, and the order of every sum depends on the shape alone.
#pragma once
#include "mmd_tile.h"

namespace lb::simd {
namespace {

constexpr int64_t kBlocks = 64;           // wanted at least: what a round has for threads to share, twice
constexpr int64_t kMaxBlock = 4 * kTile;  // a block's rows in three layouts stay near L2

template <class Sum>
struct Tournament {
  const Sum* sum;
  int64_t size, of_x, blocks;

  explicit Tournament(const Sum& p) : sum(&p) {
    size = (p.z.total() / kBlocks + kTile - 1) / kTile * kTile;
    size = size < kTile ? kTile : size > kMaxBlock ? kMaxBlock : size;
    if (p.z.total() < 8 * kTile) size = kTile / 2;
    of_x = (p.z.n + size - 1) / size;
    blocks = of_x + (p.z.m + size - 1) / size;
  }

  Rows block(int64_t index) const {
    const Sample& z = sum->z;
    return index < of_x ? z.x().part(index * size, size) : z.y().part((index - of_x) * size, size);
  }

  double meet(int64_t i, int64_t j) const {
    const Rows a = block(i), b = block(j);
    Tile tile(b.count);
    double value = 0;
    for (int64_t row = 0; row < a.count; row += kTile) {
      for (int64_t column = i == j ? row : 0; column < b.count; column += kTile) {
        value += add_pairs(*sum, tile, a.part(row, kTile), b.part(column, kTile));
      }
    }
    return value;
  }

  // The round's pairs with i ≤ j: i + j = round, and i + j = round + blocks.
  void play(landbridge::Call& call, int64_t round, double* values) const {
    const int64_t low = round / 2 + 1, high = (round + blocks) / 2 - round;
    call.parallel_for(low + high, 1, [=, this](int64_t task, int64_t) {
      const int64_t i = task < low ? task : round + 1 + (task - low);
      values[i] += meet(i, task < low ? round - i : round + blocks - i);
    });
  }
};

constexpr int64_t kRowGrain = 1 << 14;  // elements per chunk

// Calls body(row, its gradient) for every row of z that has one.
template <class Sum, class F>
inline void for_gradients(landbridge::Call& call, const Sum& p, const F& body) {
  if (p.dx == nullptr && p.dy == nullptr) return;
  const int64_t grain = p.z.d > kRowGrain ? 1 : kRowGrain / p.z.d;
  call.parallel_for(p.z.total(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* gradient = p.gradient({row, 0, 1, row < p.z.n});
      if (gradient != nullptr) body(row, gradient);
    }
  });
}

// Clears the gradients and adds all pairs; returns the value.
template <class Sum>
inline double all_pairs(landbridge::Call& call, const Sum& p) {
  for_gradients(call, p, [&](int64_t, float* gradient) {
    memset(gradient, 0, sizeof(float) * static_cast<size_t>(p.z.d));
  });
  const Tournament<Sum> tournament(p);
  double* values = call.workspace<double>(tournament.blocks);
  if (values == nullptr) return 0;
  for (int64_t i = 0; i < tournament.blocks; ++i) values[i] = 0;
  for (int64_t round = 0; round < tournament.blocks; ++round) tournament.play(call, round, values);
  double value = 0;
  for (int64_t i = 0; i < tournament.blocks; ++i) value += values[i];
  return value;
}

}  // namespace
}  // namespace lb::simd
