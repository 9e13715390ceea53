// Transposition through shared memory, so that both sides are read and written along their rows.
#pragma once

#include "box.h"
#include "division.h"
#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
namespace {

constexpr int kTile = 32, kTileRows = 8;  // of the tile a pass reads or writes

// The tiles of a box whose output runs along axis 0 and whose input along axis `fast`.
struct Tiles {
  int rank, fast;
  uint32_t columns, rows;  // along axis 0 and along `fast`
  int64_t in_column, out_row;
  int64_t in_begin, out_begin;
  Divider across, down, size[LANDBRIDGE_MAX_RANK];
  int64_t in[LANDBRIDGE_MAX_RANK], out[LANDBRIDGE_MAX_RANK];

  Tiles(const Box<2>& box, int fast_axis)
      : rank(box.rank),
        fast(fast_axis),
        columns(static_cast<uint32_t>(box.shape[0])),
        rows(static_cast<uint32_t>(box.shape[fast_axis])),
        in_column(box.strides[0][0]),
        out_row(box.strides[1][fast_axis]),
        in_begin(box.begin[0]),
        out_begin(box.begin[1]),
        across((box.shape[0] + kTile - 1) / kTile),
        down((box.shape[fast_axis] + kTile - 1) / kTile) {
    for (int axis = 1; axis < rank; ++axis) {
      size[axis] = Divider(axis == fast ? 1 : box.shape[axis]);
      in[axis] = box.strides[0][axis];
      out[axis] = box.strides[1][axis];
    }
  }
};

struct Tile {
  int64_t from, to;  // where it begins in the input and in the output
  uint32_t column, row;
};

__device__ __forceinline__ Tile tile_at(const Tiles& tiles, uint32_t index) {
  uint32_t rest = tiles.down.quotient(index);
  Tile tile{tiles.in_begin, tiles.out_begin, 0, (index - rest * tiles.down.divisor) * kTile};
  const uint32_t around = tiles.across.quotient(rest);
  tile.column = (rest - around * tiles.across.divisor) * kTile;
  rest = around;
  for (int axis = 1; axis < tiles.rank; ++axis) {
    const uint32_t next = tiles.size[axis].quotient(rest), at = rest - next * tiles.size[axis].divisor;
    tile.from += at * tiles.in[axis];
    tile.to += at * tiles.out[axis];
    rest = next;
  }
  tile.from += tile.column * tiles.in_column + tile.row;
  tile.to += tile.row * tiles.out_row + tile.column;
  return tile;
}

// One block per tile: rows of the input become columns of the tile. The odd row length keeps both ways free
// of bank conflicts.
template <class T>
__global__ void transpose_kernel(Tiles tiles, Global<const T> in, Global<T> out) {
  __shared__ Shared<T, kTile*(kTile + 1)> held;
  const Tile tile = tile_at(tiles, blockIdx.x);
  const uint32_t x = threadIdx.x;
  for (uint32_t y = threadIdx.y; y < kTile; y += kTileRows) {
    if (tile.row + x < tiles.rows && tile.column + y < tiles.columns) {
      held[static_cast<int>(y * (kTile + 1) + x)] = in[tile.from + y * tiles.in_column + x];
    }
  }
  sync_block();
  for (uint32_t y = threadIdx.y; y < kTile; y += kTileRows) {
    if (tile.column + x < tiles.columns && tile.row + y < tiles.rows) {
      out[tile.to + y * tiles.out_row + x] = held[static_cast<int>(x * (kTile + 1) + y)];
    }
  }
}

// The axis along which the input runs, where the output runs along another one and both are long enough for
// tiles to pay; else 0.
inline int transposed_axis(const Box<2>& box) {
  constexpr int64_t kLeast = kTile / 4;
  if (box.strides[1][0] != 1 || box.strides[0][0] == 1 || box.shape[0] < kLeast) return 0;
  for (int axis = 1; axis < box.rank; ++axis) {
    if (box.strides[0][axis] == 1 && box.shape[axis] >= kLeast) return axis;
  }
  return 0;
}

template <class T>
void copy_tiles(Call& call, const Box<2>& box, int fast, const View& in, const View& out) {
  const Tiles tiles(box, fast);
  const uint64_t around = static_cast<uint64_t>(box.count / box.shape[0] / box.shape[fast]);
  const uint64_t blocks = around * tiles.across.divisor * tiles.down.divisor;
  const Grid grid{dim3(static_cast<unsigned>(blocks)), dim3(kTile, kTileRows)};
  launch<transpose_kernel<T>>(call, grid, tiles, global<const T>(in), global<T>(out));
}

}  // namespace
}  // namespace landbridge::cuda
