// Loops over vectors of floats: of one operand, and of several of one shape.
#pragma once

#include "landbridge/kernel.h"
#include "math.h"
#include "write_out.h"

namespace lb {
namespace {

constexpr int64_t kUnaryGrain = 1 << 14;

// out = f(in) for a functor from vf to vf; the tail is padded, never read past the end.
template <class F>
void unary(landbridge::Call& call, F f) {
  const float* in = call.in(0).as<const float>();
  float* out = call.out(0).as<float>();
  const bool past = past_cache(call.out(0), sizeof(float));
  call.parallel_for(call.out(0).count, kUnaryGrain, [=](int64_t begin, int64_t end) {
    write_out(out + begin, end - begin, past, [=](float* target, int64_t from, int64_t count) {
      simd::map(in + begin + from, target, count, f);
    });
  });
}

// out = f(a, b) for two inputs of the output's shape: what gradients of unary ops are made of.
template <class F>
void pairwise(landbridge::Call& call, F f) {
  const float* a = call.in(0).as<const float>();
  const float* b = call.in(1).as<const float>();
  float* out = call.out(0).as<float>();
  const bool past = past_cache(call.out(0), sizeof(float));
  call.parallel_for(call.out(0).count, kUnaryGrain, [=](int64_t begin, int64_t end) {
    write_out(out + begin, end - begin, past, [=](float* target, int64_t from, int64_t count) {
      simd::zip(a + begin + from, b + begin + from, target, count, f);
    });
  });
}

// out = f(in), element by element, for types that have no vectors here; the compiler vectorises simple
// bodies.
template <class T, class R, class F>
void each(landbridge::Call& call, F f) {
  const T* in = call.in(0).as<const T>();
  R* out = call.out(0).as<R>();
  const bool past = past_cache(call.out(0), sizeof(R));
  call.parallel_for(call.out(0).count, kUnaryGrain, [=](int64_t begin, int64_t end) {
    write_out(out + begin, end - begin, past, [=](R* target, int64_t from, int64_t count) {
      const T* source = in + begin + from;
      for (int64_t i = 0; i < count; ++i) target[i] = f(source[i]);
    });
  });
}

// A function of the C library, lane by lane.
template <class F>
simd::vf lanes(simd::vf x, F f) {
  for (int i = 0; i < simd::kLanes; ++i) x[i] = f(x[i]);
  return x;
}

}  // namespace
}  // namespace lb
