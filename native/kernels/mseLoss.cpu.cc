// Squared differences (a − b)², and their gradients, each in one pass.
#include "../cpu/simd.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::simd::hsum;
using lb::simd::kLanes;
using lb::simd::load;
using lb::simd::store;
using lb::simd::vf;

constexpr int64_t kGrain = 1 << 15;      // elements per chunk
constexpr int64_t kBlock = 64 * kLanes;  // what is summed in float before it is added in double

// Calls f(at, lanes) for the vectors of [begin, end); the last may be partial.
template <class F>
LB_INLINE void for_vectors(int64_t begin, int64_t end, F f) {
  for (int64_t at = begin; at < end; at += kLanes) f(at, end - at < kLanes ? end - at : kLanes);
}

double sum_of_squares(const float* a, const float* b, int64_t begin, int64_t end) {
  double total = 0;
  for (int64_t block = begin; block < end; block += kBlock) {
    vf sum{};
    for_vectors(block, block + kBlock < end ? block + kBlock : end, [&](int64_t at, int64_t lanes) {
      const vf difference = load(a + at, lanes) - load(b + at, lanes);
      sum += difference * difference;
    });
    total += static_cast<double>(hsum(sum));
  }
  return total;
}

}  // namespace

// Inputs: a, b. Params: whether to sum, and the sum's factor. Output: the squares, or a scalar.
LANDBRIDGE_KERNEL(mseLoss, cpu, float32) {
  const View &left = call.in(0), &right = call.in(1), &out = call.out(0);
  const float *a = left.as<const float>(), *b = right.as<const float>();
  float* y = out.as<float>();
  const int64_t count = left.count;
  LANDBRIDGE_REQUIRE(right.count == count && out.count == (call.flag(0) ? 1 : count),
                     "expected tensors of one shape");
  if (!call.flag(0)) {
    return call.parallel_for(count, kGrain, [=](int64_t begin, int64_t end) {
      for_vectors(begin, end, [=](int64_t at, int64_t lanes) {
        const vf difference = load(a + at, lanes) - load(b + at, lanes);
        store(y + at, difference * difference, lanes);
      });
    });
  }
  const int64_t chunks = (count + kGrain - 1) / kGrain;
  double* partial = call.workspace<double>(chunks);
  if (partial == nullptr) return;
  call.parallel_for(count, kGrain, [=](int64_t begin, int64_t end) {
    partial[begin / kGrain] = sum_of_squares(a, b, begin, end);
  });
  double total = 0;
  for (int64_t i = 0; i < chunks; ++i) total += partial[i];
  *y = static_cast<float>(total * call.param(1));
}

// Inputs: a, b, dy (a scalar, or one value per element). Params: the factor. Outputs, each of which may be
// absent: da = factor·(a − b)·dy, db = −da.
LANDBRIDGE_KERNEL(mseLossGradient, cpu, float32) {
  const View &left = call.in(0), &right = call.in(1), &up = call.in(2);
  const float *a = left.as<const float>(), *b = right.as<const float>(), *dy = up.as<const float>();
  float* da = call.out(0) ? call.out(0).as<float>() : nullptr;
  float* db = call.out(1) ? call.out(1).as<float>() : nullptr;
  const float factor = static_cast<float>(call.param(0));
  const bool whole = up.rank == 0;
  LANDBRIDGE_REQUIRE(right.count == left.count && (whole || up.count == left.count),
                     "expected tensors of one shape");
  call.parallel_for(left.count, kGrain, [=](int64_t begin, int64_t end) {
    const vf scale = whole ? lb::simd::splat(factor * *dy) : vf{};
    for_vectors(begin, end, [=](int64_t at, int64_t lanes) {
      const vf slope = whole ? scale : factor * load(dy + at, lanes);
      const vf gradient = (load(a + at, lanes) - load(b + at, lanes)) * slope;
      if (da != nullptr) store(da + at, gradient, lanes);
      if (db != nullptr) store(db + at, -gradient, lanes);
    });
  });
}
