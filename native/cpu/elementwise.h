// Elementwise loops over broadcast operands, for kernels declared `strided`.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
namespace {

using landbridge::Call;
using landbridge::View;

constexpr int64_t kElementGrain = 1 << 15;  // elements per chunk: some 10 µs of work

// Up to three operands over one output, with neighbouring axes merged where every operand allows it, so that
// most calls end as one long loop.
template <int Operands>
struct Broadcast {
  int rank = 0;
  int64_t shape[LANDBRIDGE_MAX_RANK];
  int64_t strides[Operands][LANDBRIDGE_MAX_RANK];

  explicit Broadcast(const Call& call) {
    const View& out = call.out(0);
    for (int axis = 0; axis < out.rank; ++axis) {
      if (out.shape[axis] == 1) continue;
      if (rank > 0 && merges(call, axis)) {
        shape[rank - 1] *= out.shape[axis];
      } else {
        shape[rank++] = out.shape[axis];
      }
      for (int i = 0; i < Operands; ++i) strides[i][rank - 1] = call.in(i).strides[axis];
    }
    if (rank > 0) return;
    rank = 1;
    shape[0] = out.count;
    for (int i = 0; i < Operands; ++i) strides[i][0] = 1;
  }

  int64_t inner() const { return shape[rank - 1]; }
  int64_t step(int operand) const { return strides[operand][rank - 1]; }

  // Where row `row` of the innermost axis begins in an operand.
  int64_t offset(int operand, int64_t row) const {
    int64_t at = 0;
    for (int axis = rank - 2; axis >= 0; --axis) {
      at += row % shape[axis] * strides[operand][axis];
      row /= shape[axis];
    }
    return at;
  }

 private:
  bool merges(const Call& call, int axis) const {
    const int64_t size = call.out(0).shape[axis];
    for (int i = 0; i < Operands; ++i) {
      if (strides[i][rank - 1] != call.in(i).strides[axis] * size) return false;
    }
    return true;
  }
};

// The innermost loop, once per pattern of steps so that the compiler vectorises each: a step is 1 or 0.
template <class T, class R, class F>
void binary_row(const T* a, int64_t step_a, const T* b, int64_t step_b, R* out, int64_t count, F f) {
  if (step_a == 1 && step_b == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] = f(a[i], b[i]);
  } else if (step_a == 1) {
    const T y = b[0];
    for (int64_t i = 0; i < count; ++i) out[i] = f(a[i], y);
  } else if (step_b == 1) {
    const T x = a[0];
    for (int64_t i = 0; i < count; ++i) out[i] = f(x, b[i]);
  } else {
    const R value = f(a[0], b[0]);
    for (int64_t i = 0; i < count; ++i) out[i] = value;
  }
}

// Calls row(row, column, count, first): the pieces of innermost rows in each chunk; `first` indexes the
// output.
template <class B, class Row>
void for_rows(Call& call, const B& walk, const Row& row) {
  const int64_t inner = walk.inner();
  call.parallel_for(call.out(0).count, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      const int64_t column = at % inner;
      const int64_t count = inner - column < end - at ? inner - column : end - at;
      row(at / inner, column, count, at);
      at += count;
    }
  });
}

// out = f(a, b), elementwise over broadcast operands of type T; the result has type R.
template <class T, class R, class F>
void binary(Call& call, F f) {
  const Broadcast<2> walk(call);
  const T* a = call.in(0).as<T>();
  const T* b = call.in(1).as<T>();
  R* out = call.out(0).as<R>();
  for_rows(call, walk, [&](int64_t row, int64_t column, int64_t count, int64_t first) {
    binary_row(a + walk.offset(0, row) + column * walk.step(0), walk.step(0),
               b + walk.offset(1, row) + column * walk.step(1), walk.step(1), out + first, count, f);
  });
}

}  // namespace
}  // namespace lb
