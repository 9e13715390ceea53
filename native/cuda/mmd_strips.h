// Pairs of rows without a gradient, or with one of rows too wide for registers: both tiles arrive chunk by
// chunk of their columns, the next one while this one is multiplied. The weights of a strip of rows go to
// memory, where they are the left factor of a product with all rows; a strip is as high as fits
// kStripElements, so memory does not grow with the number of pairs.
#pragma once

#include "mmd_fetch.h"

namespace landbridge::cuda {
namespace {

constexpr int64_t kStripElements = int64_t{1} << 24;

constexpr int kChunkPitch = kColumns + 4, kChunkFloats = kTile * kChunkPitch;
constexpr size_t kStripBytes = sizeof(float) * (4 * kChunkFloats + kTile * kWeightPitch);

// One chunk of a tile of columns and of the own rows, into one half of the buffer.
__device__ __forceinline__ void fetch_chunks(const Placed& p, int64_t owner, int64_t tile, int64_t chunk,
                                             SharedPointer<float> buffer) {
  fetch<kChunkPitch>(p, owner, chunk * kColumns, buffer);
  fetch<kChunkPitch>(p, tile, chunk * kColumns, buffer + kChunkFloats);
}

// Weights go to `weights` [owners · kTile, (end − begin) · kTile] unless it is null. Half: only tiles of
// columns that do not come before their owner's, the others counting twice.
template <class Sum, bool Exact>
__global__ void __launch_bounds__(kPairThreads, 1)
    strips_kernel(const __grid_constant__ Sum sum, Placed p, Sides sides, Span span, bool half,
                  Results results, Global<float> weights) {
  const SharedPointer<float> buffer = dynamic_shared<float>(), pairs = buffer + 4 * kChunkFloats;
  const int64_t owner = span.first + blockIdx.x, share = span.begin + blockIdx.y * span.share,
                chunks = p.ld / kColumns;
  const int64_t begin = half && share < owner ? owner : share;
  const int64_t end = share + span.share < span.end ? share + span.share : span.end;
  const Square square;
  Totals totals;
  const float row_norms[2] = {p.norms[owner * kTile + square.own_row(0)],
                              p.norms[owner * kTile + square.own_row(1)]};
  if (begin < end) fetch_chunks(p, owner, begin, 0, buffer);
  int stage = 0;
  for (int64_t tile = begin; tile < end; ++tile) {
    const Norms norms(p, tile, square);
    float products[2][4][4] = {}, own[4][4];
    for (int64_t chunk = 0; chunk < chunks; ++chunk, stage = 1 - stage) {
      copy_async_wait<0>();
      sync_block();
      const bool last = chunk + 1 == chunks;
      const SharedPointer<float> next = buffer + (1 - stage) * 2 * kChunkFloats,
                                 now = buffer + stage * 2 * kChunkFloats;
      if (!last || tile + 1 < end) fetch_chunks(p, owner, last ? tile + 1 : tile, last ? 0 : chunk + 1, next);
      multiply_square<Exact, kChunkPitch>(square, now, now + kChunkFloats, products);
    }
    exchange(square, products, pairs, own);
    const double times = half && tile != owner ? 2 : 1;
    weigh<Exact>(sum, sides, {owner, tile, p.sides(owner, tile)}, times, square, row_norms, norms, own,
                 totals);
    if (!weights) continue;
    const int64_t ld = (span.end - span.begin) * kTile, column = (tile - span.begin) * kTile;
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      const int64_t row = blockIdx.x * kTile + square.own_row(i % 4 / 2);
      weights[row * ld + column + square.own_column(i / 4, i % 2)] = own[i / 4][i % 4];
    }
  }
  store_totals(square, totals, results);
}

}  // namespace
}  // namespace landbridge::cuda
