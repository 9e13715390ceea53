// Elementwise loops over broadcast operands, for kernels declared `strided`.
#pragma once

#include "landbridge/kernel.h"
#include "write_out.h"

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

  explicit Broadcast(const Call& call) : Broadcast(call.out(0), call.inputs) {}

  // `in`: that many operands, expanded to the output's shape.
  Broadcast(const View& out, const lb_view& in) : Broadcast(out, &in) {}
  Broadcast(const View& out, const lb_view* in) {
    for (int axis = 0; axis < out.rank; ++axis) {
      if (out.shape[axis] == 1) continue;
      if (rank > 0 && merges(out.shape[axis], in, axis)) {
        shape[rank - 1] *= out.shape[axis];
      } else {
        shape[rank++] = out.shape[axis];
      }
      for (int i = 0; i < Operands; ++i) strides[i][rank - 1] = in[i].strides[axis];
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
  bool merges(int64_t size, const lb_view* in, int axis) const {
    for (int i = 0; i < Operands; ++i) {
      if (strides[i][rank - 1] != in[i].strides[axis] * size) return false;
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

// Walks the innermost rows from element `at` on; `offset` is where each operand's next element lies.
template <int Operands>
struct RowCursor {
  const Broadcast<Operands>& walk;
  int64_t column;
  int64_t index[LANDBRIDGE_MAX_RANK], offset[Operands];

  RowCursor(const Broadcast<Operands>& w, int64_t at) : walk(w) {
    column = at % w.inner();
    for (int i = 0; i < Operands; ++i) offset[i] = w.offset(i, at / w.inner()) + column * w.step(i);
    int64_t rest = at / w.inner();
    for (int axis = w.rank - 2; axis >= 0; --axis) {
      index[axis] = rest % w.shape[axis];
      rest /= w.shape[axis];
    }
  }

  // What is left of this row, at most `limit`.
  int64_t left(int64_t limit) const { return walk.inner() - column < limit ? walk.inner() - column : limit; }

  void advance(int64_t count) {
    column += count;
    for (int i = 0; i < Operands; ++i) offset[i] += count * walk.step(i);
    if (column < walk.inner()) return;
    column = 0;
    for (int i = 0; i < Operands; ++i) offset[i] -= walk.inner() * walk.step(i);
    for (int axis = walk.rank - 2; axis >= 0; --axis) {
      for (int i = 0; i < Operands; ++i) offset[i] += walk.strides[i][axis];
      if (++index[axis] < walk.shape[axis]) return;
      for (int i = 0; i < Operands; ++i) offset[i] -= walk.shape[axis] * walk.strides[i][axis];
      index[axis] = 0;
    }
  }
};

// Calls row(offsets, count, target) for the pieces of innermost rows in each chunk: `offsets` says where each
// operand's elements lie, `target` takes the results.
template <class R, int Operands, class Row>
void for_rows(Call& call, const Broadcast<Operands>& walk, const Row& row) {
  R* out = call.out(0).as<R>();
  const bool past = past_cache(call.out(0), sizeof(R));
  call.parallel_for(call.out(0).count, kElementGrain, [&](int64_t begin, int64_t end) {
    write_out(out + begin, end - begin, past, [&](R* target, int64_t from, int64_t count) {
      RowCursor<Operands> cursor(walk, begin + from);
      for (int64_t done = 0; done < count;) {
        const int64_t piece = cursor.left(count - done);
        row(cursor.offset, piece, target + done);
        cursor.advance(piece);
        done += piece;
      }
    });
  });
}

constexpr int64_t kShortRow = 64;     // shorter rows cost more to walk than to spread
constexpr int64_t kSpread = 1 << 10;  // elements that are spread at once

// Elements [at, at + count) of an operand of short rows as they stand in the output: in place where they lie
// like that, else in `buffer`.
template <class T>
const T* spread(const Broadcast<1>& walk, const T* data, int64_t at, int64_t count, T* buffer) {
  if (walk.rank == 1 && walk.step(0) == 1) return data + at;
  const bool repeats = walk.rank == 2 && walk.strides[0][0] == 0;
  RowCursor<1> cursor(walk, at);
  for (int64_t done = 0; done < count;) {
    // A row that repeats has been seen once when an inner length is there: the rest is copies, ever longer.
    const int64_t inner = walk.inner();
    if (repeats && done >= inner) {
      const int64_t whole = done / inner * inner, piece = whole < count - done ? whole : count - done;
      __builtin_memcpy(buffer + done, buffer + done % inner, static_cast<size_t>(piece) * sizeof(T));
      done += piece;
      continue;
    }
    const int64_t piece = cursor.left(count - done);
    const T* from = data + cursor.offset[0];
    for (int64_t i = 0; i < piece; ++i) buffer[done + i] = from[i * walk.step(0)];
    cursor.advance(piece);
    done += piece;
  }
  return buffer;
}

template <class T, class R, class F>
void binary_spread(Call& call, F f) {
  const Broadcast<1> walk_a(call.out(0), call.in(0)), walk_b(call.out(0), call.in(1));
  const T *a = call.in(0).as<T>(), *b = call.in(1).as<T>();
  R* out = call.out(0).as<R>();
  const bool past = past_cache(call.out(0), sizeof(R));
  call.parallel_for(call.out(0).count, kElementGrain, [&](int64_t begin, int64_t end) {
    write_out(out + begin, end - begin, past, [&](R* target, int64_t from, int64_t count) {
      T buffers[2][kSpread];
      for (int64_t done = 0; done < count; done += kSpread) {
        const int64_t piece = count - done < kSpread ? count - done : kSpread, at = begin + from + done;
        const T* x = spread(walk_a, a, at, piece, buffers[0]);
        const T* y = spread(walk_b, b, at, piece, buffers[1]);
        binary_row(x, 1, y, 1, target + done, piece, f);
      }
    });
  });
}

// out = f(a, b), elementwise over broadcast operands of type T; the result has type R.
template <class T, class R, class F>
void binary(Call& call, F f) {
  const Broadcast<2> walk(call);
  if (walk.rank > 1 && walk.inner() < kShortRow) return binary_spread<T, R>(call, f);
  const T *a = call.in(0).as<T>(), *b = call.in(1).as<T>();
  for_rows<R>(call, walk, [&](const int64_t* at, int64_t count, R* target) {
    binary_row(a + at[0], walk.step(0), b + at[1], walk.step(1), target, count, f);
  });
}

}  // namespace
}  // namespace lb
