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

// out = f(a, b) for a functor of vectors.
template <class F>
void vector_binary(Call& call, F f) {
  const Broadcast<2> walk(call);
  const float *data_a = call.in(0).as<const float>(), *data_b = call.in(1).as<const float>();
  for_rows<float>(call, walk, [&](const int64_t* at, int64_t count, float* out) {
    const VectorRow a{data_a + at[0], walk.step(0)}, b{data_b + at[1], walk.step(1)};
    int64_t i = 0;
    for (; i + simd::kLanes <= count; i += simd::kLanes) simd::store(out + i, f(a.load(i), b.load(i)));
    const int64_t rest = count - i;
    if (rest > 0) simd::store(out + i, f(a.load(i, rest), b.load(i, rest)), rest);
  });
}

// out = f(a, b, c) for a functor of vectors.
template <class F>
void vector_ternary(Call& call, F f) {
  const Broadcast<3> walk(call);
  const float *data_a = call.in(0).as<const float>(), *data_b = call.in(1).as<const float>();
  const float* data_c = call.in(2).as<const float>();
  for_rows<float>(call, walk, [&](const int64_t* at, int64_t count, float* out) {
    const VectorRow a{data_a + at[0], walk.step(0)}, b{data_b + at[1], walk.step(1)};
    const VectorRow c{data_c + at[2], walk.step(2)};
    int64_t i = 0;
    for (; i + simd::kLanes <= count; i += simd::kLanes) {
      simd::store(out + i, f(a.load(i), b.load(i), c.load(i)));
    }
    const int64_t rest = count - i;
    if (rest > 0) simd::store(out + i, f(a.load(i, rest), b.load(i, rest), c.load(i, rest)), rest);
  });
}

}  // namespace
}  // namespace lb
