// Layer normalisation of each row of x[rows, size]:  y = gamma·(x − mean)/√(variance + epsilon) + beta.
// Param 0: size, the number of elements that are normalised together; param 1: epsilon.
#include "../cpu/simd.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;
using simd::kLanes;
using simd::vf;

constexpr int64_t kGrain = 1 << 14;    // elements per chunk
constexpr int64_t kPartial = 1 << 16;  // elements per partial sum of the parameters' gradients

// Calls f(at, lanes) for every vector of a row, the last one maybe shorter.
template <class F>
LB_INLINE void for_each_vector(int64_t size, F f) {
  for (int64_t at = 0; at < size; at += kLanes) f(at, size - at < kLanes ? size - at : kLanes);
}

// Values, and `rest` in the lanes past the end.
LB_INLINE vf load_or(const float* p, int64_t lanes, vf rest) {
  vf v = simd::load(p, lanes);
  for (int64_t lane = lanes; lane < kLanes; ++lane) v[lane] = rest[lane];
  return v;
}

struct Moments {
  double mean, variance;
};

// The float mean only shifts the data: what it lacks, the deviations give back.
Moments moments_of(const float* x, int64_t size) {
  const float n = static_cast<float>(size);
  vf sum{};
  for_each_vector(size, [&](int64_t at, int64_t lanes) { sum += simd::load(x + at, lanes); });
  const float shift = simd::hsum(sum) / n;
  vf first{}, second{};
  for_each_vector(size, [&](int64_t at, int64_t lanes) {
    const vf deviation = load_or(x + at, lanes, simd::splat(shift)) - shift;
    first += deviation;
    second += deviation * deviation;
  });
  const double rest = static_cast<double>(simd::hsum(first)) / size;
  const double variance = static_cast<double>(simd::hsum(second)) / size - rest * rest;
  return {shift + rest, variance < 0 ? 0 : variance};  // rounding may leave a trace below zero
}

void normalise(const float* x, int64_t size, Moments m, double inverse, const float* gamma, const float* beta,
               float* y) {
  const float shift = static_cast<float>(m.mean), scale = static_cast<float>(inverse);
  const float rest = static_cast<float>((m.mean - static_cast<double>(shift)) * inverse);
  for_each_vector(size, [&](int64_t at, int64_t lanes) {
    vf value = (simd::load(x + at, lanes) - shift) * scale - rest;
    if (gamma != nullptr) value *= simd::load(gamma + at, lanes);
    if (beta != nullptr) value += simd::load(beta + at, lanes);
    simd::store(y + at, value, lanes);
  });
}

// What one row of the gradient needs.
struct Row {
  const float *dy, *x, *gamma;
  float mean, inverse;

  LB_INLINE vf scaled(int64_t at, int64_t lanes) const {
    const vf up = simd::load(dy + at, lanes);
    return gamma != nullptr ? up * simd::load(gamma + at, lanes) : up;
  }
  LB_INLINE vf normal(int64_t at, int64_t lanes) const {
    return (simd::load(x + at, lanes) - mean) * inverse;
  }
};

// dx = inverse·(g − mean(g) − x̂·mean(g·x̂)) with g = dy·gamma
void input_gradient(const Row& row, int64_t size, float* dx) {
  vf plain{}, weighed{};
  for_each_vector(size, [&](int64_t at, int64_t lanes) {
    const vf g = row.scaled(at, lanes);  // zero past the end
    plain += g;
    weighed += g * row.normal(at, lanes);
  });
  const float level = simd::hsum(plain) / static_cast<float>(size);
  const float slope = simd::hsum(weighed) / static_cast<float>(size);
  for_each_vector(size, [&](int64_t at, int64_t lanes) {
    const vf value = row.scaled(at, lanes) - level - row.normal(at, lanes) * slope;
    simd::store(dx + at, value * row.inverse, lanes);
  });
}

// Adds dy·x̂ and dy to the sums for gamma and beta.
void add_parameters(const Row& row, int64_t size, float* gamma, float* beta) {
  for_each_vector(size, [&](int64_t at, int64_t lanes) {
    const vf up = simd::load(row.dy + at, lanes);
    simd::store(gamma + at, simd::load(gamma + at, lanes) + up * row.normal(at, lanes), lanes);
    simd::store(beta + at, simd::load(beta + at, lanes) + up, lanes);
  });
}

// out[i] = the sum over parts of partial[part][i], in order.
void combine(const float* partial, int64_t parts, int64_t stride, int64_t size, float* out) {
  for (int64_t i = 0; i < size; ++i) {
    double total = 0;
    for (int64_t part = 0; part < parts; ++part) total += partial[part * stride + i];
    out[i] = static_cast<float>(total);
  }
}

template <class T>
T* pointer(const View& view) {
  return view ? view.as<T>() : nullptr;
}

bool of_size(const View& view, int64_t size) {
  return !view || view.count == size;
}

}  // namespace

// Inputs: x, gamma, beta (both optional). Outputs: y, and per row the mean and 1/√(variance + epsilon), both
// optional.
LANDBRIDGE_KERNEL(layerNorm, cpu, float32) {
  const View& view = call.in(0);
  const int64_t size = call.integer(0);
  LANDBRIDGE_REQUIRE(of_size(call.in(1), size) && of_size(call.in(2), size),
                     "expected gamma and beta of the normalised size");
  if (view.count == 0) return;
  LANDBRIDGE_REQUIRE(size > 0 && view.count % size == 0, "expected whole rows");
  const float *x = view.as<const float>(), *gamma = pointer<const float>(call.in(1));
  const float* beta = pointer<const float>(call.in(2));
  float *y = call.out(0).as<float>(), *means = pointer<float>(call.out(1));
  float* inverses = pointer<float>(call.out(2));
  const double epsilon = call.param(1);
  call.parallel_for(view.count / size, size < kGrain ? kGrain / size : 1, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Moments m = moments_of(x + row * size, size);
      const double inverse = 1.0 / __builtin_sqrt(m.variance + epsilon);
      normalise(x + row * size, size, m, inverse, gamma, beta, y + row * size);
      if (means != nullptr) means[row] = static_cast<float>(m.mean);
      if (inverses != nullptr) inverses[row] = static_cast<float>(inverse);
    }
  });
}

// Inputs: dy, x, mean, inverse, gamma (optional). Outputs, each optional: dx, dgamma, dbeta.
LANDBRIDGE_KERNEL(layerNormGradient, cpu, float32) {
  const int64_t size = call.integer(0), count = call.in(1).count;
  if (size == 0) return;
  LANDBRIDGE_REQUIRE(size > 0 && count % size == 0 && call.in(0).count == count &&
                         call.in(2).count * size == count && call.in(3).count * size == count &&
                         of_size(call.in(4), size),
                     "expected dy and x of one shape, and one mean and inverse per row");
  const int64_t rows = count / size;
  int64_t share = kPartial / size;
  share = share < 16 ? 16 : (share > 1024 ? 1024 : share);
  const int64_t parts = (rows + share - 1) / share;
  const bool wanted = call.out(1) || call.out(2);
  float* partial = wanted ? call.workspace<float>(parts * 2 * size + 1) : nullptr;
  if (wanted && partial == nullptr) return;
  const float *dy = call.in(0).as<const float>(), *x = call.in(1).as<const float>();
  const float *means = call.in(2).as<const float>(), *inverses = call.in(3).as<const float>();
  const float* gamma = pointer<const float>(call.in(4));
  float* dx = pointer<float>(call.out(0));
  call.parallel_for(parts, 1, [=](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* sums = wanted ? partial + part * 2 * size : nullptr;
      for (int64_t i = 0; wanted && i < 2 * size; ++i) sums[i] = 0.0f;
      const int64_t last = (part + 1) * share < rows ? (part + 1) * share : rows;
      for (int64_t at = part * share; at < last; ++at) {
        const Row row{dy + at * size, x + at * size, gamma, means[at], inverses[at]};
        if (dx != nullptr) input_gradient(row, size, dx + at * size);
        if (wanted) add_parameters(row, size, sums, sums + size);
      }
    }
  });
  if (call.out(1)) combine(partial, parts, 2 * size, size, call.out(1).as<float>());
  if (call.out(2)) combine(partial + size, parts, 2 * size, size, call.out(2).as<float>());
}
