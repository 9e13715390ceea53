// The axes of a reduction: out[kept axes] = combination over the reduced axes of in.
#pragma once

#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
namespace {

// The input's axes, neighbours of one kind merged; kinds alternate.
struct Axes {
  int rank = 0;
  int64_t size[LANDBRIDGE_MAX_RANK] = {}, stride[LANDBRIDGE_MAX_RANK] = {};
  bool reduced[LANDBRIDGE_MAX_RANK] = {};
  int64_t kept_count = 1, reduced_count = 1;

  // Bit i of `mask`: axis i is reduced.
  Axes(const View& in, int64_t mask) {
    for (int axis = 0; axis < in.rank; ++axis) append(in.shape[axis], (mask >> axis & 1) != 0);
    finish();
  }
  // The rows of [rows, n].
  Axes(int64_t rows, int64_t n) : Axes(rows, n, 1) {}
  // The middle axis of [outer, n, inner].
  Axes(int64_t outer, int64_t n, int64_t inner) {
    append(outer, false);
    append(n, true);
    append(inner, false);
    finish();
  }

  __host__ __device__ bool inner_reduced() const { return reduced[rank - 1]; }
  __host__ __device__ int64_t inner() const { return size[rank - 1]; }
  // How many terms of a result lie evenly spaced, and how far apart.
  __host__ __device__ int64_t run() const {
    return inner_reduced() ? inner() : rank > 1 ? size[rank - 2] : 1;
  }
  __host__ __device__ int64_t step() const { return inner_reduced() ? 1 : rank > 1 ? stride[rank - 2] : 0; }

  // The input offset of the index-th element along the kept (or reduced) axes, the innermost axis left out.
  // Kinds alternate, so one of the two outermost axes is the last of its kind: no remainder there.
  __host__ __device__ int64_t offset(bool of_reduced, int64_t index) const {
    int64_t at = 0;
    for (int axis = rank - 2; axis > 1; --axis) {
      if (reduced[axis] != of_reduced) continue;
      at += index % size[axis] * stride[axis];
      index /= size[axis];
    }
    if (rank > 2 && reduced[1] == of_reduced) at += index * stride[1];
    if (rank > 1 && reduced[0] == of_reduced) at += index * stride[0];
    return at;
  }

 private:
  void append(int64_t count, bool gone) {
    (gone ? reduced_count : kept_count) *= count;
    if (count == 1) return;
    if (rank > 0 && reduced[rank - 1] == gone) {
      size[rank - 1] *= count;
    } else {
      size[rank] = count;
      reduced[rank++] = gone;
    }
  }
  void finish() {
    if (rank == 0) size[rank++] = 1;
    int64_t step = 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
      stride[axis] = step;
      step *= size[axis];
    }
  }
};

}  // namespace
}  // namespace landbridge::cuda
