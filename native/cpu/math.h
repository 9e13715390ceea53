// Elementary functions on vectors of floats: exp, expm1, log, log1p, tanh, sigmoid, softplus, erf, sin, cos,
// tan, pow. Errors stay below 4 units in the last place (native/test/simd_test.cc prints the figures), and
// zeros, infinities, NaN and denormals behave as in the C library.
//
// The file is named by its path, "cpu/math.h": putting native/cpu itself on the include path would hide
// <math.h>.
#pragma once
#include "math_activation.h"
#include "math_exp.h"
#include "math_pow.h"
#include "math_trig.h"

namespace lb::simd {
namespace {

// y[i] = f(x[i]) for n floats; y may be x. The last, partial vector runs through the same f, so an element's
// result does not depend on its place. Unused lanes hold 0.
template <class F>
inline void map(const float* x, float* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(x + i)));
  if (i < n) store(y + i, f(load(x + i, n - i)), n - i);
}

// z[i] = f(x[i], y[i]) for n floats; z may be x or y.
template <class F>
inline void zip(const float* x, const float* y, float* z, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(z + i, f(load(x + i), load(y + i)));
  if (i < n) store(z + i, f(load(x + i, n - i), load(y + i, n - i)), n - i);
}

}  // namespace
}  // namespace lb::simd
