// Short vectors over GCC/Clang vector extensions: one source for SSE, AVX2, AVX-512 and NEON.
//
// Everything below lives in an unnamed namespace on purpose. The same header is compiled several times with
// different -march flags; were these functions merely `inline`, the linker would keep one copy of each, maybe
// the AVX-512 one, and the baseline path would die with an illegal instruction on an older CPU.
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
  #include <immintrin.h>
#endif

#if defined(__AVX512F__)
  #define LB_LANES 16
#elif defined(__AVX2__)
  #define LB_LANES 8
#else
  #define LB_LANES 4
#endif
#define LB_INLINE [[gnu::always_inline]] inline

namespace lb::simd {
namespace {

constexpr int kLanes = LB_LANES;

typedef float vf __attribute__((vector_size(4 * LB_LANES)));
// Also the mask type: a comparison gives -1 (all bits set) in lanes where it holds, 0 elsewhere.
typedef int32_t vi __attribute__((vector_size(4 * LB_LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LB_LANES)));

constexpr float kInf = __builtin_inff();
constexpr float kNaN = __builtin_nanf("");

LB_INLINE vf splat(float x) {
  return x - vf{};
}  // x - 0 keeps the sign of -0; 0 + x would not
LB_INLINE vi splat(int32_t x) {
  return x + vi{};
}
LB_INLINE vu splat(uint32_t x) {
  return x + vu{};
}

// Reinterpret the bits, no conversion of the value.
LB_INLINE vi bits(vf x) {
  return (vi)x;
}
LB_INLINE vf from_bits(vi x) {
  return (vf)x;
}
// Sums of bit patterns may leave the signed range, NaN's above all; unsigned arithmetic is defined to wrap.
LB_INLINE vi wrapping_add(vi a, vi b) {
  return (vi)((vu)a + (vu)b);
}
LB_INLINE vi wrapping_sub(vi a, vi b) {
  return (vi)((vu)a - (vu)b);
}
LB_INLINE vi to_int(vf x) {
  return __builtin_convertvector(x, vi);
}  // towards zero; |x| < 2^31
LB_INLINE vf to_float(vi x) {
  return __builtin_convertvector(x, vf);
}

// memcpy is how C++ spells an unaligned load; it compiles to one instruction.
LB_INLINE vf load(const float* p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}
LB_INLINE vi load(const int32_t* p) {
  vi v;
  memcpy(&v, p, sizeof v);
  return v;
}
LB_INLINE void store(float* p, vf v) {
  memcpy(p, &v, sizeof v);
}
LB_INLINE void store(int32_t* p, vi v) {
  memcpy(p, &v, sizeof v);
}

// First n lanes (0 <= n <= kLanes), the rest zero; memory past p[n-1] is not touched. Masked memory access
// has no spelling in vector extensions, hence intrinsics with a portable twin.
#if defined(__AVX512F__)
LB_INLINE __mmask16 first_lanes(int64_t n) {
  return (__mmask16)((1u << n) - 1u);
}
LB_INLINE vf load(const float* p, int64_t n) {
  return (vf)_mm512_maskz_loadu_ps(first_lanes(n), p);
}
LB_INLINE void store(float* p, vf v, int64_t n) {
  _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)v);
}
#elif defined(__AVX2__)
LB_INLINE __m256i first_lanes(int64_t n) {
  const vi lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return (__m256i)(lane < (int32_t)n);
}
LB_INLINE vf load(const float* p, int64_t n) {
  return (vf)_mm256_maskload_ps(p, first_lanes(n));
}
LB_INLINE void store(float* p, vf v, int64_t n) {
  _mm256_maskstore_ps(p, first_lanes(n), (__m256)v);
}
#else
LB_INLINE vf load(const float* p, int64_t n) {
  vf v{};
  memcpy(&v, p, (size_t)n * sizeof(float));
  return v;
}
LB_INLINE void store(float* p, vf v, int64_t n) {
  memcpy(p, &v, (size_t)n * sizeof(float));
}
#endif

// kLanes values `stride` apart.
LB_INLINE vf gather(const float* p, int64_t stride) {
  vf v;
  for (int i = 0; i < kLanes; i++) v[i] = p[i * stride];
  return v;
}

// Use the ?: directly where it reads well; this name is for nested choices.
LB_INLINE vf select(vi mask, vf yes, vf no) {
  return mask ? yes : no;
}

// NaN in either operand gives NaN (as in torch.minimum, unlike std::min). The sign of a zero result is
// unspecified when both operands are zeros.
LB_INLINE vf min(vf a, vf b) {
  return ((a < b) | (a != a)) ? a : b;
}
LB_INLINE vf max(vf a, vf b) {
  return ((a > b) | (a != a)) ? a : b;
}
// NaN passes through: neither comparison holds for it.
LB_INLINE vf clamp(vf x, float lo, float hi) {
  x = x < lo ? splat(lo) : x;
  return x > hi ? splat(hi) : x;
}

LB_INLINE vf abs(vf x) {
  return from_bits(bits(x) & 0x7fffffff);
}
LB_INLINE vf copysign(vf magnitude, vf sign) {
  return from_bits((bits(magnitude) & 0x7fffffff) | (bits(sign) & splat(INT32_MIN)));
}
// a*b + c, fused to one rounding where the CPU has FMA (-ffp-contract=fast), two roundings elsewhere.
LB_INLINE vf fma(vf a, vf b, vf c) {
  return a * b + c;
}

// Written lane by lane for want of an operator; the compiler makes one instruction of it (-fno-math-errno).
LB_INLINE vf sqrt(vf x) {
  vf r;
  for (int i = 0; i < kLanes; i++) r[i] = __builtin_sqrtf(x[i]);
  return r;
}

// To the nearest integer, ties to even. Adding 2^23 leaves a float no bit below 1, so the addition rounds;
// from 2^23 on every float is an integer already. copysign keeps -0 and gives -0 for -0.3, as rintf does.
LB_INLINE vf round(vf x) {
  const vf big = copysign(splat(0x1p23f), x);
  const vf rounded = copysign((x + big) - big, x);
  return abs(x) < 0x1p23f ? rounded : x;
}
LB_INLINE vf floor(vf x) {
  const vf r = round(x);
  return copysign(r > x ? r - 1.0f : r, x);
}
LB_INLINE vf ceil(vf x) {
  return -floor(-x);
}

// Reductions combine lanes i and i + width/2, then i and i + width/4, …: an order fixed by the lane count.
typedef float vf_quad __attribute__((vector_size(16)));

LB_INLINE float hsum(vf x) {
  vf_quad q[kLanes / 4];
  memcpy(q, &x, sizeof x);
#pragma GCC unroll 2
  for (int w = kLanes / 8; w > 0; w /= 2) {
    for (int i = 0; i < w; i++) q[i] += q[i + w];
  }
  return (q[0][0] + q[0][2]) + (q[0][1] + q[0][3]);
}
LB_INLINE float hmax(vf x) {  // NaN if any lane is NaN
  vf_quad q[kLanes / 4];
  memcpy(q, &x, sizeof x);
  vf_quad m = q[0];
  for (int i = 1; i < kLanes / 4; i++) m = ((m > q[i]) | (m != m)) ? m : q[i];
  float r = m[0];
  for (int i = 1; i < 4; i++) r = r > m[i] || r != r ? r : m[i];
  return r;
}
LB_INLINE float hmin(vf x) {
  return -hmax(-x);
}
LB_INLINE bool any(vi mask) {
  int32_t found = 0;
  for (int i = 0; i < kLanes; i++) found |= mask[i];
  return found != 0;
}

}  // namespace
}  // namespace lb::simd
