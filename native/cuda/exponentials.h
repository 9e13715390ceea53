// Σ exp(x − max x) of rows and of their pieces, for softmax and what is made of it.
#pragma once

#include "rows.h"

namespace landbridge::cuda {
namespace {

__device__ inline bool is_infinite(float x) {
  return x == INFINITY || x == -INFINITY;
}

// The largest of the values that are numbers, and Σ exp(x − shift). An infinite maximum is no shift: −∞ −
// (−∞) would be NaN.
template <int V, class Team>
__device__ __forceinline__ Stat exponential_stat(const Team& team, const float (&x)[V], int n) {
  float m = -INFINITY;
  each_slot<V>(team, n, [&](int k, int) { m = fmaxf(m, x[k]); });
  m = team.reduce(m, -INFINITY, LargerNumber());
  const float shift = is_infinite(m) ? 0.0f : m;
  const float sum = sum_values<V>(team, x, n, [=](float value, int) { return expf(value - shift); });
  return {m, sum, 0.0f, 0.0f};
}

// Of a row, from those of its pieces.
template <class Team>
__device__ Stat merge_exponentials(const Team& team, Global<const float> parts, int pieces) {
  float m = -INFINITY, sum = 0;
  for (int i = team.index; i < pieces; i += team.count) m = fmaxf(m, parts[i * kStatSize]);
  m = team.reduce(m, -INFINITY, LargerNumber());
  for (int i = team.index; i < pieces; i += team.count) {
    const float shift = parts[i * kStatSize], part = parts[i * kStatSize + 1];
    sum += shift == m ? part : part * expf(shift - m);
  }
  return {m, team.reduce(sum, 0.0f, Plus()), 0.0f, 0.0f};
}

// The maximum and the sum as softmax wants them: no part of a row with an infinite maximum is a number.
__device__ inline float proper_sum(const Stat& stat) {
  return is_infinite(stat.shift) ? NAN : stat.sum;
}

}  // namespace
}  // namespace landbridge::cuda
