// Every function of cpu/math.h over a sweep of all float bit patterns, special values, and hard cases.
#pragma once
#include <cmath>

#include "cpu/math.h"
#include "simd_test_support.h"

namespace {

constexpr double kMaxUlp = 4.0;

inline float float_of(uint32_t b) {
  float x;
  memcpy(&x, &b, sizeof x);
  return x;
}

// Error of `got` in units in the last place of a float of the size of the exact result. Infinity counts as
// 2^128, the value that rounding gives up at; wrong NaN or a wrong sign of zero counts as infinite.
inline double ulp_error(float got, double exact) {
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) == std::isnan(got) ? 0.0 : INFINITY;
  if (exact == 0.0) return got == 0.0f && std::signbit(got) == std::signbit(exact) ? 0.0 : INFINITY;
  const double limit = 0x1p128;
  exact = std::fmin(std::fmax(exact, -limit), limit);
  const double value = std::isinf(got) ? std::copysign(limit, got) : got;
  int exponent;
  std::frexp(exact, &exponent);
  return std::fabs(value - exact) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

struct Worst {
  double ulp = 0.0;
  float x = 0.0f, y = 0.0f, got = 0.0f;
  void add(double ulp_of_this, float at_x, float at_y, float value) {
    if (ulp_of_this > ulp) *this = {ulp_of_this, at_x, at_y, value};
  }
  void report(const char* name, double bound) const {
    printf("  %-9s %6.3f ulp at most (x = %a)\n", name, ulp, x);
    check(ulp <= bound, "%s(%.9g, %.9g) = %.9g: %g ulp off", name, x, y, got, ulp);
  }
};

// F works on vectors, Exact on doubles. Blocks are no multiple of any lane count, so that map's tail is used
// too.
template <class F, class Exact>
void sweep(const char* name, uint32_t step, F f, Exact exact, double bound = kMaxUlp) {
  constexpr int kBlock = 999;
  float x[kBlock], y[kBlock];
  Worst worst;
  auto run = [&](int count) {
    lb::simd::map(x, y, count, f);
    for (int i = 0; i < count; i++) worst.add(ulp_error(y[i], exact((double)x[i])), x[i], 0.0f, y[i]);
  };
  int filled = 0;
  auto put = [&](float value) {
    x[filled++] = value;
    if (filled == kBlock) run(kBlock), filled = 0;
  };
  for (uint64_t b = 0; b < (1ull << 32); b += step) put(float_of((uint32_t)b));
  const float special[] = {0.0f,
                           -0.0f,
                           INFINITY,
                           -INFINITY,
                           NAN,
                           1.0f,
                           -1.0f,
                           0x1p-149f,
                           -0x1p-149f,
                           0x1p-126f,
                           0x1.fffffep127f,
                           -0x1.fffffep127f,
                           88.72283f,
                           88.72284f,
                           -103.97f,
                           -103.98f,
                           -87.33655f,
                           0x1.fffffep-1f,
                           0x1.000002p0f,
                           -0x1.fffffep-1f,
                           9.01f,
                           3.92f,
                           1e6f,
                           1000001.0f,
                           0.5f,
                           -0.5f,
                           2.5f,
                           0x1p23f,
                           0x1.000002p22f};
  for (float value : special) put(value);
  // Neighbours of multiples of pi/2, where reduction cancels most, and of 1 in steps of one bit.
  for (int k = -63700; k <= 63700; k++) put((float)(k * M_PI_2));
  for (uint32_t d = 0; d < 5000; d++) put(float_of(0x3f800000u - 2500 + d));
  run(filled);
  worst.report(name, bound);
}

inline double exact_sigmoid(double x) {
  return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}
inline double exact_softplus(double x) {
  return (x > 0 ? x : 0.0) + log1p(exp(-std::fabs(x)));
}

// Bases and exponents whose power lies in the range of floats, or just outside of it.
void test_pow(int count) {
  auto f = [](lb::simd::vf a, lb::simd::vf b) { return lb::simd::pow(a, b); };
  Worst worst;
  for (int i = 0; i < count; i++) {
    const float x = float_of((uint32_t)(random_bits() >> 33));  // positive
    float y = (float)(random_in(-155, 135) / std::log2((double)x)), z;
    if (i % 4 == 0) y = std::floor(y);
    const float base = i % 8 == 0 ? -x : x;
    lb::simd::zip(&base, &y, &z, 1, f);
    worst.add(ulp_error(z, std::pow((double)base, (double)y)), base, y, z);
  }
  worst.report("pow", kMaxUlp);
  const float special[] = {0.0f,
                           -0.0f,
                           1.0f,
                           -1.0f,
                           2.0f,
                           -2.0f,
                           0.5f,
                           -0.5f,
                           3.0f,
                           -3.0f,
                           2.5f,
                           NAN,
                           INFINITY,
                           -INFINITY,
                           1e-40f,
                           -1e-40f,
                           0x1.fffffep127f,
                           16777217.0f,
                           8388607.0f,
                           -8388607.0f,
                           8388609.5f,
                           0x1.fffffep-1f,
                           -0x1.000002p0f};
  for (float x : special) {
    for (float y : special) {
      float z;
      lb::simd::zip(&x, &y, &z, 1, f);
      // Beyond the least float the double's sign is all that a float result keeps.
      double exact = std::pow((double)x, (double)y);
      if (std::fabs(exact) < 0x1p-151) exact = std::copysign(0.0, exact);
      check(ulp_error(z, exact) <= kMaxUlp, "pow(%.9g, %.9g) = %.9g, not %.9g", x, y, z, exact);
    }
  }
}

void test_math(uint32_t step) {
  namespace s = lb::simd;
  using s::vf;
  sweep(
      "exp", step, [](vf x) { return s::exp(x); }, [](double x) { return exp(x); });
  sweep(
      "expm1", step, [](vf x) { return s::expm1(x); }, [](double x) { return expm1(x); });
  sweep(
      "log", step, [](vf x) { return s::log(x); }, [](double x) { return log(x); });
  sweep(
      "log1p", step, [](vf x) { return s::log1p(x); }, [](double x) { return log1p(x); });
  sweep(
      "tanh", step, [](vf x) { return s::tanh(x); }, [](double x) { return tanh(x); });
  sweep(
      "sigmoid", step, [](vf x) { return s::sigmoid(x); }, exact_sigmoid);
  sweep(
      "softplus", step, [](vf x) { return s::softplus(x); }, exact_softplus);
  sweep(
      "erf", step, [](vf x) { return s::erf(x); }, [](double x) { return erf(x); });
  sweep(
      "sin", step, [](vf x) { return s::sin(x); }, [](double x) { return sin(x); });
  sweep(
      "cos", step, [](vf x) { return s::cos(x); }, [](double x) { return cos(x); });
  sweep(
      "tan", step, [](vf x) { return s::tan(x); }, [](double x) { return tan(x); });
  sweep(
      "sqrt", step, [](vf x) { return s::sqrt(x); }, [](double x) { return std::sqrt(x); }, 0.5);
  sweep(
      "round", step, [](vf x) { return s::round(x); }, [](double x) { return std::nearbyint(x); }, 0.0);
  sweep(
      "floor", step, [](vf x) { return s::floor(x); }, [](double x) { return std::floor(x); }, 0.0);
  sweep(
      "ceil", step, [](vf x) { return s::ceil(x); }, [](double x) { return std::ceil(x); }, 0.0);
  test_pow(400 * 4999 / (int)step + 20000);
}

}  // namespace
