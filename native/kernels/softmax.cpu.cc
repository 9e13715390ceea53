// softmax, its logarithm, log-sum-exp and their gradients along the rows of [rows, n]. Params: n.
//
// With m = max x:  softmax = exp(x − m) / Σ exp(x − m),  log Σ exp x = m + log Σ exp(x − m).
#include "../cpu/math.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
namespace simd = lb::simd;
using simd::vf;

constexpr int64_t kGrain = 1 << 14;  // elements per chunk
constexpr int64_t kBlock = 4096;     // elements that are summed in float before the sum goes on in double

// Calls f(i, lanes) for the vectors of a row; the last has fewer lanes.
template <class F>
inline void each_vector(int64_t begin, int64_t end, F f) {
  int64_t i = begin;
  for (; i + simd::kLanes <= end; i += simd::kLanes) f(i, simd::kLanes);
  if (i < end) f(i, end - i);
}

// The last, partial vector with another value than 0 in its unused lanes.
inline vf load_or(const float* x, int64_t lanes, float other) {
  vf v = simd::load(x, lanes);
  for (int64_t lane = lanes; lane < simd::kLanes; ++lane) v[lane] = other;
  return v;
}

float maximum(const float* x, int64_t n) {
  vf m = simd::splat(-simd::kInf);
  each_vector(0, n, [&](int64_t i, int64_t lanes) {
    m = simd::max(m, lanes == simd::kLanes ? simd::load(x + i) : load_or(x + i, lanes, -simd::kInf));
  });
  return simd::hmax(m);
}

// Σ f(i, lanes), where f gives a vector with 0 in unused lanes.
template <class F>
double total(int64_t n, F f) {
  double sum = 0;
  for (int64_t block = 0; block < n; block += kBlock) {
    vf part{};
    each_vector(block, n - block < kBlock ? n : block + kBlock,
                [&](int64_t i, int64_t lanes) { part += f(i, lanes); });
    sum += static_cast<double>(simd::hsum(part));
  }
  return sum;
}

// exp(x − m) at the given lanes, 0 beyond them.
inline vf exp_from(const float* x, int64_t lanes, float m) {
  if (lanes == simd::kLanes) return simd::exp(simd::load(x) - m);
  vf e = simd::exp(simd::load(x, lanes) - m);
  for (int64_t lane = lanes; lane < simd::kLanes; ++lane) e[lane] = 0;
  return e;
}

double sum_exp(const float* x, int64_t n, float m) {
  return total(n, [=](int64_t i, int64_t lanes) { return exp_from(x + i, lanes, m); });
}

void softmax_row(const float* x, float* y, int64_t n) {
  const float m = maximum(x, n);
  const double sum = total(n, [=](int64_t i, int64_t lanes) {
    const vf e = exp_from(x + i, lanes, m);
    simd::store(y + i, e, lanes);
    return e;
  });
  const float scale = static_cast<float>(1.0 / sum);
  simd::map(y, y, n, [=](vf e) { return e * scale; });
}

void log_softmax_row(const float* x, float* y, int64_t n) {
  const float m = maximum(x, n);
  const float shift = static_cast<float>(__builtin_log(sum_exp(x, n, m)));
  simd::map(x, y, n, [=](vf v) { return v - m - shift; });
}

// An infinite maximum is no shift: −∞ − (−∞) would be NaN.
float log_sum_exp(const float* x, int64_t n) {
  const float m = maximum(x, n);
  const float shift = m == simd::kInf || m == -simd::kInf ? 0.0f : m;
  return static_cast<float>(static_cast<double>(shift) + __builtin_log(sum_exp(x, n, shift)));
}

// y·(dy − Σ dy·y)
void softmax_gradient_row(const float* y, const float* dy, float* dx, int64_t n) {
  const float dot = static_cast<float>(total(
      n, [=](int64_t i, int64_t lanes) { return simd::load(y + i, lanes) * simd::load(dy + i, lanes); }));
  simd::zip(y, dy, dx, n, [=](vf value, vf d) { return value * (d - dot); });
}

// dy − exp(y)·Σ dy
void log_softmax_gradient_row(const float* y, const float* dy, float* dx, int64_t n) {
  const float sum =
      static_cast<float>(total(n, [=](int64_t i, int64_t lanes) { return simd::load(dy + i, lanes); }));
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
