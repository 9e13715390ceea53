// softmax, its logarithm, log-sum-exp and their gradients along the rows of [rows, n]. Params: n.
//
// With m = max x:  softmax = exp(x − m) / Σ exp(x − m),  log Σ exp x = m + log Σ exp(x − m).
#include "../cpu/math.h"
#include "../cpu/rows.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
namespace simd = lb::simd;
using simd::vf;

constexpr int64_t kGrain = 1 << 14;  // elements per chunk
// exp(x − m) at the given lanes, 0 beyond them.
LB_INLINE vf exp_from(const float* x, int64_t lanes, float m) {
  const vf e = simd::exp(lb::load_lanes(x, lanes) - m);
  return lanes == simd::kLanes ? e : lb::replace_rest(e, lanes, 0);
}

double sum_exp(const float* x, int64_t n, float m) {
  return lb::row_sum(n, [=](int64_t i, int64_t lanes) LB_INLINED { return exp_from(x + i, lanes, m); });
}

void softmax_row(const float* x, float* y, int64_t n) {
  const float m = lb::row_maximum(x, n);
  const double sum = lb::row_sum(n, [=](int64_t i, int64_t lanes) LB_INLINED {
    const vf e = exp_from(x + i, lanes, m);
    lb::store_lanes(y + i, e, lanes);
    return e;
  });
  const float scale = static_cast<float>(1.0 / sum);
  simd::map(y, y, n, [=](vf e) { return e * scale; });
}

void log_softmax_row(const float* x, float* y, int64_t n) {
  const float m = lb::row_maximum(x, n);
  const float shift = static_cast<float>(__builtin_log(sum_exp(x, n, m)));
  simd::map(x, y, n, [=](vf v) { return v - m - shift; });
}

// An infinite maximum is no shift: −∞ − (−∞) would be NaN.
float log_sum_exp(const float* x, int64_t n) {
  const float m = lb::row_maximum(x, n);
  const float shift = m == simd::kInf || m == -simd::kInf ? 0.0f : m;
  return static_cast<float>(static_cast<double>(shift) + __builtin_log(sum_exp(x, n, shift)));
}

// y·(dy − Σ dy·y)
void softmax_gradient_row(const float* y, const float* dy, float* dx, int64_t n) {
  const float dot = static_cast<float>(lb::row_sum(n, [=](int64_t i, int64_t lanes) LB_INLINED {
    return lb::load_lanes(y + i, lanes) * lb::load_lanes(dy + i, lanes);
  }));
  simd::zip(y, dy, dx, n, [=](vf value, vf d) { return value * (d - dot); });
}

// dy − exp(y)·Σ dy
void log_softmax_gradient_row(const float* y, const float* dy, float* dx, int64_t n) {
  const float sum = static_cast<float>(
      lb::row_sum(n, [=](int64_t i, int64_t lanes) LB_INLINED { return lb::load_lanes(dy + i, lanes); }));
  simd::zip(y, dy, dx, n, [=](vf value, vf d) { return d - simd::exp(value) * sum; });
}

// Calls f(row) for each of `rows` rows of n elements.
template <class F>
void each_row(Call& call, int64_t rows, int64_t n, F f) {
  call.parallel_for(rows, n > 0 && n < kGrain ? kGrain / n : 1, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row);
  });
}

// A function from rows to rows; a second input may be absent.
template <class F>
void rows_to_rows(Call& call, F f) {
  const int64_t n = call.integer(0);
  if (call.out(0).count == 0) return;
  const float* a = call.in(0).as<const float>();
  const float* b = call.in(1).as<const float>();
  float* out = call.out(0).as<float>();
  each_row(call, call.out(0).count / n, n,
           [=](int64_t row) { f(a + row * n, b == nullptr ? nullptr : b + row * n, out + row * n, n); });
}

}  // namespace

LANDBRIDGE_KERNEL(softmaxRows, cpu, float32) {
  rows_to_rows(call, [](const float* x, const float*, float* y, int64_t n) { softmax_row(x, y, n); });
}
LANDBRIDGE_KERNEL(logSoftmaxRows, cpu, float32) {
  rows_to_rows(call, [](const float* x, const float*, float* y, int64_t n) { log_softmax_row(x, y, n); });
}
LANDBRIDGE_KERNEL(softmaxGradient, cpu, float32) {
  rows_to_rows(call, softmax_gradient_row);
}
LANDBRIDGE_KERNEL(logSoftmaxGradient, cpu, float32) {
  rows_to_rows(call, log_softmax_gradient_row);
}
LANDBRIDGE_KERNEL(logSumExpRows, cpu, float32) {
  const int64_t n = call.integer(0);
  const float* x = call.in(0).as<const float>();
  float* y = call.out(0).as<float>();
  each_row(call, call.out(0).count, n, [=](int64_t row) { y[row] = log_sum_exp(x + row * n, n); });
}
