// The words, types and functions that CUDA adds to C++, for the host compiler.
#pragma once

#include <math.h>

#include <bit>
#include <cstdint>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
// One block runs at a time: one instance serves them all. What one block wrote, the next counts as not written.
#define __shared__ static

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// clang-format off
#define LB_FUNCTION(type, name, parameters, ...) inline type name parameters { return __VA_ARGS__; }
#define LB_VECTORS(name, type) \
  struct alignas(2 * sizeof(type)) name##2 { type x, y; }; \
  struct alignas(16) name##4 { type x, y, z, w; }; \
  LB_FUNCTION(name##2, make_##name##2, (type x, type y), {x, y}) \
  LB_FUNCTION(name##4, make_##name##4, (type x, type y, type z, type w), {x, y, z, w})
// CUDA's overloads; not templates, so that references to shared memory convert.
#define LB_EXTREMES(type) \
  LB_FUNCTION(type, min, (type a, type b), b < a ? b : a) \
  LB_FUNCTION(type, max, (type a, type b), a < b ? b : a)
// clang-format on

LB_VECTORS(float, float)
LB_VECTORS(int, int)
LB_VECTORS(uint, unsigned)
LB_EXTREMES(int)
LB_EXTREMES(unsigned)
LB_EXTREMES(long)
LB_EXTREMES(long long)
LB_FUNCTION(float, min, (float a, float b), fminf(a, b))
LB_FUNCTION(float, max, (float a, float b), fmaxf(a, b))
LB_FUNCTION(double, min, (double a, double b), fmin(a, b))
LB_FUNCTION(double, max, (double a, double b), fmax(a, b))
LB_FUNCTION(unsigned, __float_as_uint, (float x), std::bit_cast<unsigned>(x))
LB_FUNCTION(float, __uint_as_float, (unsigned x), std::bit_cast<float>(x))
LB_FUNCTION(int, __popc, (unsigned x), std::popcount(x))
