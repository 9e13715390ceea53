// Copies between layouts: what transpose, slice, flip, pad and concat are made of.
#pragma once

#include "landbridge/kernel.h"
#include "transpose.h"

namespace lb {
namespace {

using landbridge::Call;
using landbridge::View;

constexpr int64_t kCopyGrain = 1 << 15;  // elements per chunk
constexpr int64_t kCopyTile = 64;        // 64×64 floats of both sides fit the first-level cache

// A box of elements with its strides on either side, in elements; they may be negative.
struct Box {
  int rank = 0;
  int64_t shape[LANDBRIDGE_MAX_RANK], from[LANDBRIDGE_MAX_RANK], to[LANDBRIDGE_MAX_RANK];
  int64_t count = 1;

  // Appends an axis inside the others; one that continues its neighbour on both sides is merged into it.
  void add(int64_t size, int64_t from_stride, int64_t to_stride) {
    count *= size;
    if (size == 1) return;
    if (rank > 0 && from[rank - 1] == from_stride * size && to[rank - 1] == to_stride * size) {
      shape[rank - 1] *= size;
    } else {
      shape[rank++] = size;
    }
    from[rank - 1] = from_stride;
    to[rank - 1] = to_stride;
  }
  void finish() {
    if (rank == 0) {
      rank = 1;
      shape[0] = from[0] = to[0] = 1;
    }
  }
};

template <class T>
void copy_row(const T* in, int64_t from, T* out, int64_t to, int64_t count) {
  if (from == 1 && to == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] = in[i];
  } else {
    for (int64_t i = 0; i < count; ++i) out[i * to] = in[i * from];
  }
}

// Row by row along the innermost axis.
template <class T>
void copy_rows(Call& call, const Box& box, const T* in, T* out) {
  const int last = box.rank - 1;
  call.parallel_for(box.count, kCopyGrain, [=, &box](int64_t begin, int64_t end) {
    int64_t index[LANDBRIDGE_MAX_RANK], rest = begin;
    const T* source = in;
    T* target = out;
    for (int axis = last; axis >= 0; --axis) {
      index[axis] = rest % box.shape[axis];
      rest /= box.shape[axis];
      source += index[axis] * box.from[axis];
      target += index[axis] * box.to[axis];
    }
    for (int64_t at = begin; at < end;) {
      const int64_t left = box.shape[last] - index[last], count = left < end - at ? left : end - at;
      copy_row(source, box.from[last], target, box.to[last], count);
      at += count;
      // To the next row: back to the start of this one, then on as an odometer.
      source -= index[last] * box.from[last];
      target -= index[last] * box.to[last];
      index[last] = 0;
      for (int axis = last - 1; axis >= 0; --axis) {
        source += box.from[axis];
        target += box.to[axis];
        if (++index[axis] < box.shape[axis]) break;
        source -= index[axis] * box.from[axis];
        target -= index[axis] * box.to[axis];
        index[axis] = 0;
      }
    }
  });
}

// out[j·to + i] = in[i·1 + j·from] for i < height, j < width: register blocks of 4-byte elements, whatever
// they are.
inline void transpose_tile(const void* in, int64_t from, void* out, int64_t to, int64_t height,
                           int64_t width) {
  const float* source = static_cast<const float*>(in);
  float* target = static_cast<float*>(out);
  for (int64_t j = 0; j < width; j += simd::kLanes) {
    const int64_t columns = width - j < simd::kLanes ? width - j : simd::kLanes;
    for (int64_t i = 0; i < height; i += simd::kLanes) {
      const int64_t rows = height - i < simd::kLanes ? height - i : simd::kLanes;
      simd::vf block[simd::kLanes];
#pragma GCC unroll 16
      for (int k = 0; k < simd::kLanes; ++k) {
        const float* row = source + (j + k) * from + i;
        __builtin_prefetch(row + kCopyTile);  // of the next tile down: no stream for the hardware to see
        __builtin_prefetch(target + (i + simd::kLanes + k) * to + j, 1);
        block[k] = k >= columns ? simd::vf{} : rows == simd::kLanes ? simd::load(row) : simd::load(row, rows);
      }
      simd::transpose(block);
#pragma GCC unroll 16
      for (int k = 0; k < simd::kLanes; ++k) {
        if (k >= rows) continue;
        float* row = target + (i + k) * to + j;
        columns == simd::kLanes ? simd::store(row, block[k]) : simd::store(row, block[k], columns);
      }
    }
  }
}

// One tile: `height` rows along axis `fast` of `width` elements along the innermost axis.
template <class T>
void copy_tile(const Box& box, int fast, const T* in, T* out, int64_t height, int64_t width) {
  const int64_t from = box.from[box.rank - 1], to = box.to[box.rank - 1];
  if constexpr (sizeof(T) == sizeof(float)) {
    if (box.from[fast] == 1 && to == 1) return transpose_tile(in, from, out, box.to[fast], height, width);
  }
  for (int64_t i = 0; i < height; ++i) {
    copy_row(in + i * box.from[fast], from, out + i * box.to[fast], to, width);
  }
}

// Tiles over the innermost axis of either side (of the input: `fast`), so that neither is walked across its
// cache lines.
template <class T>
void copy_tiles(Call& call, const Box& box, int fast, const T* in, T* out) {
  const int last = box.rank - 1;
  const int64_t rows = box.shape[fast], columns = box.shape[last];
  const int64_t down = (rows + kCopyTile - 1) / kCopyTile, across = (columns + kCopyTile - 1) / kCopyTile;
  const int64_t tiles = box.count / (rows * columns) * down * across;
  call.parallel_for(tiles, kCopyGrain / (kCopyTile * kCopyTile), [=, &box](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      // Down first: neighbouring tiles share the input's cache lines where rows are not whole lines.
      const int64_t row = tile % down * kCopyTile, column = tile / down % across * kCopyTile;
      int64_t rest = tile / down / across;
      const T* source = in + row * box.from[fast] + column * box.from[last];
      T* target = out + row * box.to[fast] + column * box.to[last];
      for (int axis = last - 1; axis >= 0; --axis) {
        if (axis == fast) continue;
        source += rest % box.shape[axis] * box.from[axis];
        target += rest % box.shape[axis] * box.to[axis];
        rest /= box.shape[axis];
      }
      copy_tile(box, fast, source, target, rows - row < kCopyTile ? rows - row : kCopyTile,
                columns - column < kCopyTile ? columns - column : kCopyTile);
    }
  });
}

template <class T>
void copy_typed(Call& call, const Box& box, const void* in, int64_t from, void* out, int64_t to) {
  const T* source = static_cast<const T*>(in) + from;
  T* target = static_cast<T*>(out) + to;
  for (int axis = 0; axis < box.rank - 1; ++axis) {
    if (box.from[axis] == 1) return copy_tiles(call, box, axis, source, target);
  }
  copy_rows(call, box, source, target);
}

inline bool is_byte(int32_t dtype) {
  return dtype == LB_DTYPE_uint8 || dtype == LB_DTYPE_bool;
}

// Copies the box, `from` elements into `in` and `to` elements into `out`; elements of one or four bytes.
void copy_box(Call& call, Box& box, const View& in, int64_t from, const View& out, int64_t to) {
  box.finish();
  if (box.count == 0) return;
  if (is_byte(in.dtype)) return copy_typed<uint8_t>(call, box, in.data, from, out.data, to);
  copy_typed<uint32_t>(call, box, in.data, from, out.data, to);
}

}  // namespace
}  // namespace lb
