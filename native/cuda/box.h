// A box of elements as several tensors see it, with axes merged that lie one after the other in all of them.
// Host code.
#pragma once

#include "landbridge/kernel.h"

namespace landbridge::cuda {
namespace {

// Axis 0 is the innermost one. Strides count elements; they may be 0 (repeated) or negative.
template <int N>
struct Box {
  int rank = 0;
  int64_t count = 1;
  int64_t shape[LANDBRIDGE_MAX_RANK] = {}, strides[N][LANDBRIDGE_MAX_RANK] = {};
  int64_t begin[N] = {};  // where each tensor's first element lies

  // Puts an axis around the others.
  void add(int64_t size, const int64_t (&steps)[N]) {
    count *= size;
    if (size == 1) return;
    if (rank > 0 && continues(steps)) {
      shape[rank - 1] *= size;
      return;
    }
    for (int i = 0; i < N; ++i) strides[i][rank] = steps[i];
    shape[rank++] = size;
  }

  // A box has an axis, be it of one element.
  void finish() {
    if (rank > 0) return;
    rank = 1;
    shape[0] = 1;
    for (int i = 0; i < N; ++i) strides[i][0] = 1;
  }

  // Cuts the outermost axis at `at`: this box keeps what lies before, the result is the rest.
  Box cut(int64_t at) {
    Box rest = *this;
    const int axis = rank - 1;
    for (int i = 0; i < N; ++i) rest.begin[i] += at * strides[i][axis];
    rest.resize(shape[axis] - at);
    resize(at);
    return rest;
  }

 private:
  bool continues(const int64_t (&steps)[N]) const {
    for (int i = 0; i < N; ++i) {
      if (strides[i][rank - 1] * shape[rank - 1] != steps[i]) return false;
    }
    return true;
  }
  void resize(int64_t size) {
    count = count / shape[rank - 1] * size;
    shape[rank - 1] = size;
    while (rank > 1 && shape[rank - 1] == 1) --rank;
  }
};

// Calls f for pieces of the box of at most `most` elements, so that kernels need no wider indices.
template <int N, class F>
void for_pieces(Box<N> box, int64_t most, const F& f) {
  constexpr int64_t kAligned = 16;  // a cut through the innermost axis keeps vector accesses possible
  while (box.count > most) {
    const int64_t half = box.shape[box.rank - 1] / 2;
    const int64_t at = box.rank > 1 ? half : (half + kAligned - 1) / kAligned * kAligned;
    const Box<N> rest = box.cut(at);
    for_pieces(box, most, f);
    box = rest;
  }
  f(box);
}

// Inputs that are expanded to the output's shape; the output is the last one.
template <int N>
Box<N> broadcast_box(const landbridge::Call& call) {
  const landbridge::View& out = call.out(0);
  Box<N> box;
  for (int axis = out.rank - 1; axis >= 0; --axis) {
    int64_t steps[N];
    for (int i = 0; i + 1 < N; ++i) steps[i] = call.in(i).strides[axis];
    steps[N - 1] = out.strides[axis];
    box.add(out.shape[axis], steps);
  }
  box.finish();
  return box;
}

// Contiguous tensors of as many elements as the output.
template <int N>
Box<N> flat_box(const landbridge::Call& call) {
  int64_t steps[N];
  for (int64_t& step : steps) step = 1;
  Box<N> box;
  box.add(call.out(0).count, steps);
  box.finish();
  return box;
}

}  // namespace
}  // namespace landbridge::cuda
