// The transforms of Winograd's minimal filtering F(4x4, 3x3), one vector of channels at a time, after Lavin
// and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016):
//   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        d: 6x6 input, g: 3x3 filter, Y: 4x4 output
// and its adjoint in g, which is the filter's gradient: dg = Gᵀ [(A dY Aᵀ) ⊙ (Bᵀ d B)] G.
//
// The polynomials are interpolated at 0, ±3/4, ±3/2 and ∞. The customary 0, ±1, ±2, ∞ cost the same but lose
// three to four times as much to rounding: their powers, which are the entries of A, spread from 1 to 8, ours
// from 0.42 to 3.4. All coefficients of A and B are exact in binary.
#pragma once
#include "simd.h"

namespace lb::simd {
namespace {

constexpr int kPoints = 36;  // products per tile: 6 x 6 points
constexpr int kIn = 6, kOut = 4, kTaps = 3;

constexpr float kP = 0.75f, kQ = 1.5f, kP2 = kP * kP, kQ2 = kQ * kQ;
constexpr float kP3 = kP2 * kP, kQ3 = kQ2 * kQ;

// Bᵀ d. Rows: the coefficients of Π(x − point) without one of its factors each.
struct InputTransform {
  static constexpr int kFrom = kIn, kTo = kIn;
  LB_INLINE static void apply(const vf (&d)[kIn], vf (&v)[kIn]) {
    v[0] = d[4] - (kP2 + kQ2) * d[2] + kP2 * kQ2 * d[0];
    v[5] = d[5] - (kP2 + kQ2) * d[3] + kP2 * kQ2 * d[1];
    const vf even_p = d[4] - kQ2 * d[2], odd_p = d[3] - kQ2 * d[1];
    const vf even_q = d[4] - kP2 * d[2], odd_q = d[3] - kP2 * d[1];
    v[1] = even_p + kP * odd_p, v[2] = even_p - kP * odd_p;
    v[3] = even_q + kQ * odd_q, v[4] = even_q - kQ * odd_q;
  }
};

// G g: the filter's polynomial at each point, over the product of the distances to the other points.
struct FilterTransform {
  static constexpr int kFrom = kTaps, kTo = kIn;
  static constexpr float kZero = 1 / (kP2 * kQ2);
  static constexpr float kAtP = 1 / (2 * kP2 * (kP2 - kQ2)), kAtQ = 1 / (2 * kQ2 * (kQ2 - kP2));
  LB_INLINE static void apply(const vf (&g)[kTaps], vf (&u)[kIn]) {
    const vf even_p = kAtP * g[0] + kAtP * kP2 * g[2], even_q = kAtQ * g[0] + kAtQ * kQ2 * g[2];
    u[0] = kZero * g[0], u[5] = g[2];
    u[1] = even_p + kAtP * kP * g[1], u[2] = even_p - kAtP * kP * g[1];
    u[3] = even_q + kAtQ * kQ * g[1], u[4] = even_q - kAtQ * kQ * g[1];
  }
};

// Aᵀ m: powers of the points.
struct OutputTransform {
  static constexpr int kFrom = kIn, kTo = kOut;
  LB_INLINE static void apply(const vf (&m)[kIn], vf (&y)[kOut]) {
    const vf even_p = m[1] + m[2], odd_p = m[1] - m[2], even_q = m[3] + m[4], odd_q = m[3] - m[4];
    y[0] = m[0] + even_p + even_q;
    y[1] = kP * odd_p + kQ * odd_q;
    y[2] = kP2 * even_p + kQ2 * even_q;
    y[3] = kP3 * odd_p + kQ3 * odd_q + m[5];
  }
};

// A y, the adjoint of OutputTransform.
struct OutputAdjoint {
  static constexpr int kFrom = kOut, kTo = kIn;
  LB_INLINE static void apply(const vf (&y)[kOut], vf (&m)[kIn]) {
    const vf even_p = y[0] + kP2 * y[2], odd_p = kP * y[1] + kP3 * y[3];
    const vf even_q = y[0] + kQ2 * y[2], odd_q = kQ * y[1] + kQ3 * y[3];
    m[0] = y[0], m[5] = y[3];
    m[1] = even_p + odd_p, m[2] = even_p - odd_p, m[3] = even_q + odd_q, m[4] = even_q - odd_q;
  }
};

// Gᵀ u, the adjoint of FilterTransform.
struct FilterAdjoint {
  static constexpr int kFrom = kIn, kTo = kTaps;
  LB_INLINE static void apply(const vf (&u)[kIn], vf (&g)[kTaps]) {
    constexpr float kAtP = FilterTransform::kAtP, kAtQ = FilterTransform::kAtQ;
    const vf even_p = u[1] + u[2], odd_p = u[1] - u[2], even_q = u[3] + u[4], odd_q = u[3] - u[4];
    g[0] = FilterTransform::kZero * u[0] + kAtP * even_p + kAtQ * even_q;
    g[1] = kAtP * kP * odd_p + kAtQ * kQ * odd_q;
    g[2] = kAtP * kP2 * even_p + kAtQ * kQ2 * even_q + u[5];
  }
};

// The transform along both axes: read(i, j) gives element (i, j), write(i, j, value) takes the results.
template <class Transform, class Read, class Write>
LB_INLINE void transform_2d(const Read& read, const Write& write) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  vf half[kTo][kFrom];
#pragma GCC unroll 6
  for (int j = 0; j < kFrom; j++) {
    vf column[kFrom], done[kTo];
#pragma GCC unroll 6
    for (int i = 0; i < kFrom; i++) column[i] = read(i, j);
    Transform::apply(column, done);
#pragma GCC unroll 6
    for (int i = 0; i < kTo; i++) half[i][j] = done[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < kTo; i++) {
    vf done[kTo];
    Transform::apply(half[i], done);
#pragma GCC unroll 6
    for (int j = 0; j < kTo; j++) write(i, j, done[j]);
  }
}

}  // namespace
}  // namespace lb::simd
