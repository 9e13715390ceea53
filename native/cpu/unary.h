// Loops of one operand over vectors of floats.
#pragma once

#include "landbridge/kernel.h"
#include "math.h"

namespace lb {
namespace {

constexpr int64_t kUnaryGrain = 1 << 14;

// out = f(in) for a functor from vf to vf; the tail is padded, never read past the end.
template <class F>
void unary(landbridge::Call& call, F f) {
  const float* in = call.in(0).as<const float>();
  float* out = call.out(0).as<float>();
  call.parallel_for(call.out(0).count, kUnaryGrain, [=](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + simd::kLanes <= end; i += simd::kLanes) simd::store(out + i, f(simd::load(in + i)));
    if (i < end) simd::store(out + i, f(simd::load(in + i, end - i)), end - i);
  });
}

}  // namespace
}  // namespace lb
