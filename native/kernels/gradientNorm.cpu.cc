// The Euclidean norm over all elements of many tensors, and scaling them in place to a largest norm.
#include "../cpu/tensor_list.h"

namespace {

using landbridge::Call;
using lb::simd::load;
using lb::simd::store;
using lb::simd::vf;

constexpr int64_t kBlock = 64 * lb::simd::kLanes;  // what is summed in float before it is added in double

double squares(const float* x, int64_t begin, int64_t end) {
  double total = 0;
  for (int64_t block = begin; block < end; block += kBlock) {
    vf sum{};
    lb::for_vectors(block, block + kBlock < end ? block + kBlock : end, [&](int64_t at, int64_t lanes) {
      const vf value = load(x + at, lanes);
      sum += value * value;
    });
    for (int lane = 0; lane < lb::simd::kLanes; ++lane) total += static_cast<double>(sum[lane]);
  }
  return total;
}

}  // namespace

// Inputs: a norm to start from (may be absent), then the tensors. Output: the norm of all.
LANDBRIDGE_KERNEL(gradientNorm, cpu, float32) {
  const auto count = [&](int64_t tensor) { return call.in(static_cast<int>(1 + tensor)).count; };
  const int64_t tensors = call.input_count - 1;
  int64_t elements = 0;
  for (int64_t i = 0; i < tensors; ++i) elements += count(i);
  const int64_t chunks = (elements + lb::kListGrain - 1) / lb::kListGrain;
  double* partial = call.workspace<double>(chunks + 1);
  if (partial == nullptr) return;
  for (int64_t i = 0; i < chunks; ++i) partial[i] = 0;
  lb::for_elements(call, tensors, count, [&](int64_t tensor, int64_t begin, int64_t end, int64_t chunk) {
    partial[chunk] += squares(call.in(static_cast<int>(1 + tensor)).as<const float>(), begin, end);
  });
  const double before = call.in(0) ? static_cast<double>(*call.in(0).as<const float>()) : 0.0;
  double total = before * before;
  for (int64_t i = 0; i < chunks; ++i) total += partial[i];
  *call.out(0).as<float>() = static_cast<float>(__builtin_sqrt(total));
}

// Inputs: the norm, then the tensors. Outputs: each tensor times min(1, largest / (norm + 1e-6)), in place.
// Params: largest.
LANDBRIDGE_KERNEL(gradientScale, cpu, float32) {
  const double ratio = call.param(0) / (static_cast<double>(*call.in(0).as<const float>()) + 1e-6);
  const float factor = ratio >= 1 ? 1.0f : static_cast<float>(ratio);  // NaN stays NaN
  lb::for_elements(
      call, call.output_count, [&](int64_t tensor) { return call.out(static_cast<int>(tensor)).count; },
      [&](int64_t tensor, int64_t begin, int64_t end, int64_t) {
        const float* x = call.in(static_cast<int>(1 + tensor)).as<const float>();
        float* y = call.out(static_cast<int>(tensor)).as<float>();
        lb::for_vectors(begin, end, [=](int64_t at, int64_t lanes) {
          store(y + at, load(x + at, lanes) * factor, lanes);
        });
      });
}
