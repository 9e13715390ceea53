// Loops over vectors of floats for broadcast operands, for kernels declared `strided`.
#pragma once

#include "elementwise.h"
#include "math.h"

namespace lb {
namespace {

// A piece of an operand's row: neighbouring floats (step 1), or one float for all (step 0).
struct VectorRow {
  const float* at;
  int64_t step;

  simd::vf load(int64_t i) const { return step == 1 ? simd::load(at + i) : simd::splat(*at); }
  simd::vf load(int64_t i, int64_t count) const {
    return step == 1 ? simd::load(at + i, count) : simd::splat(*at);
  }
};

template <class B>
VectorRow vector_row(const Call& call, const B& walk, int operand, int64_t row, int64_t column) {
  const float* data = call.in(operand).as<const float>();
  return {data + walk.offset(operand, row) + column * walk.step(operand), walk.step(operand)};
}

// out = f(a, b) for a functor of vectors.
template <class F>
void vector_binary(Call& call, F f) {
  const Broadcast<2> walk(call);
  float* out = call.out(0).as<float>();
  for_rows(call, walk, [&](int64_t row, int64_t column, int64_t count, int64_t first) {
    const VectorRow a = vector_row(call, walk, 0, row, column), b = vector_row(call, walk, 1, row, column);
    int64_t i = 0;
    for (; i + simd::kLanes <= count; i += simd::kLanes) {
      simd::store(out + first + i, f(a.load(i), b.load(i)));
    }
    const int64_t rest = count - i;
    if (rest > 0) simd::store(out + first + i, f(a.load(i, rest), b.load(i, rest)), rest);
  });
}

// out = f(a, b, c) for a functor of vectors.
template <class F>
void vector_ternary(Call& call, F f) {
  const Broadcast<3> walk(call);
  float* out = call.out(0).as<float>();
  for_rows(call, walk, [&](int64_t row, int64_t column, int64_t count, int64_t first) {
    const VectorRow a = vector_row(call, walk, 0, row, column), b = vector_row(call, walk, 1, row, column);
    const VectorRow c = vector_row(call, walk, 2, row, column);
    int64_t i = 0;
    for (; i + simd::kLanes <= count; i += simd::kLanes) {
      simd::store(out + first + i, f(a.load(i), b.load(i), c.load(i)));
    }
    const int64_t rest = count - i;
    if (rest > 0) simd::store(out + first + i, f(a.load(i, rest), b.load(i, rest), c.load(i, rest)), rest);
  });
}

}  // namespace
}  // namespace lb
