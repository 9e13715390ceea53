// Layer normalisation of each row of x[rows, size]:  y = gamma·(x − mean)/√(variance + epsilon) + beta.
// Param 0: size, the number of elements that are normalised together; param 1: epsilon.
#include "../cpu/rows.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;
using simd::vf;

constexpr int64_t kGrain = 1 << 14;    // elements per chunk
constexpr int64_t kPartial = 1 << 16;  // elements per partial sum of the parameters' gradients

struct Moments {
  double mean, variance;
};

// The float mean only shifts the data: what it lacks, the deviations give back.
Moments moments_of(const float* x, int64_t size) {
  lb::Slots sum, first, second;
  lb::each_vector(0, size, [&](int slot, int64_t at, int64_t lanes) LB_INLINED {
    sum.of[slot] += lb::load_lanes(x + at, lanes);
  });
  const float shift = simd::hsum(sum.sum()) / static_cast<float>(size);
  lb::each_vector(0, size, [&](int slot, int64_t at, int64_t lanes) LB_INLINED {
    const vf v = lb::load_lanes(x + at, lanes);
    const vf deviation = (lanes == simd::kLanes ? v : lb::replace_rest(v, lanes, shift)) - shift;
    first.of[slot] += deviation;
    second.of[slot] += deviation * deviation;
  });
  const double rest = static_cast<double>(simd::hsum(first.sum())) / static_cast<double>(size);
  const double variance =
      static_cast<double>(simd::hsum(second.sum())) / static_cast<double>(size) - rest * rest;
  return {shift + rest, variance < 0 ? 0 : variance};  // rounding may leave a trace below zero
}

void normalise(const float* x, int64_t size, Moments m, double inverse, const float* gamma, const float* beta,
               float* y) {
  const float shift = static_cast<float>(m.mean), scale = static_cast<float>(inverse);
  const float rest = static_cast<float>((m.mean - static_cast<double>(shift)) * inverse);
  lb::each_vector(0, size, [=](int, int64_t at, int64_t lanes) LB_INLINED {
    vf value = (lb::load_lanes(x + at, lanes) - shift) * scale - rest;
    if (gamma != nullptr) value *= lb::load_lanes(gamma + at, lanes);
    if (beta != nullptr) value += lb::load_lanes(beta + at, lanes);
    lb::store_lanes(y + at, value, lanes);
  });
}

// What one row of the gradient needs.
struct Row {
  const float *dy, *x, *gamma;
  float mean, inverse;

  LB_INLINE vf scaled(vf up, int64_t at, int64_t lanes) const {
    return gamma != nullptr ? up * lb::load_lanes(gamma + at, lanes) : up;
  }
  LB_INLINE vf normal(int64_t at, int64_t lanes) const {
    return (lb::load_lanes(x + at, lanes) - mean) * inverse;
  }
};

LB_INLINE void add(float* sum, vf v, int64_t lanes) {
  lb::store_lanes(sum, lb::load_lanes(sum, lanes) + v, lanes);
}

// dx = inverse·(g − mean(g) − x̂·mean(g·x̂)) with g = dy·gamma; adds dy·x̂ and dy to the sums for gamma and
// beta. dx and both sums may be null.
void row_gradient(const Row row, int64_t size, float* dx, float* gamma, float* beta) {
  lb::Slots plain, weighed;
  lb::each_vector(0, size, [&](int slot, int64_t at, int64_t lanes) LB_INLINED {
    const vf up = lb::load_lanes(row.dy + at, lanes), normal = row.normal(at, lanes);
    const vf g = row.scaled(up, at, lanes);  // zero past the end
    plain.of[slot] += g;
    weighed.of[slot] += g * normal;
    if (gamma == nullptr) return;
    add(gamma + at, up * normal, lanes);
    add(beta + at, up, lanes);
  });
  if (dx == nullptr) return;
  const float level = simd::hsum(plain.sum()) / static_cast<float>(size);
  const float slope = simd::hsum(weighed.sum()) / static_cast<float>(size);
  lb::each_vector(0, size, [=](int, int64_t at, int64_t lanes) LB_INLINED {
    const vf g = row.scaled(lb::load_lanes(row.dy + at, lanes), at, lanes);
    lb::store_lanes(dx + at, (g - level - row.normal(at, lanes) * slope) * row.inverse, lanes);
  });
}

// out[i] = the sum over parts of partial[part][i], in order.
void combine(Call& call, const float* partial, int64_t parts, int64_t stride, int64_t size, float* out) {
  constexpr int64_t columns = 256;
  call.parallel_for(size, columns, [=](int64_t begin, int64_t end) {
    double total[columns] = {};
    for (int64_t part = 0; part < parts; ++part) {
      for (int64_t i = begin; i < end; ++i) total[i - begin] += partial[part * stride + i];
    }
    for (int64_t i = begin; i < end; ++i) out[i] = static_cast<float>(total[i - begin]);
  });
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
        row_gradient(row, size, dx == nullptr ? nullptr : dx + at * size, sums,
                     wanted ? sums + size : nullptr);
      }
    }
  });
  if (call.out(1)) combine(call, partial, parts, 2 * size, size, call.out(1).as<float>());
  if (call.out(2)) combine(call, partial + size, parts, 2 * size, size, call.out(2).as<float>());
}
