// Squared differences (a − b)², and their gradients, each in one pass.
#include "../cuda/elementwise.h"
#include "../cuda/sum_terms.h"

namespace {

using landbridge::View;
using landbridge::cuda::global;
using landbridge::cuda::Global;

struct Square {
  Global<const float> a, b;
  __device__ float operator()(int64_t i) const {
    const float difference = a[i] - b[i];
    return difference * difference;
  }
};

struct Scaled {
  Global<float> out;
  double factor;
  __device__ void operator()(int64_t, double sum) const { out[0] = static_cast<float>(sum * factor); }
};

}  // namespace

// Inputs: a, b. Params: whether to sum, and the sum's factor. Output: the squares, or a scalar.
LANDBRIDGE_KERNEL(mseLoss, cuda, float32) {
  const View &left = call.in(0), &right = call.in(1), &out = call.out(0);
  const int64_t count = left.count;
  LANDBRIDGE_REQUIRE(right.count == count && out.count == (call.flag(0) ? 1 : count),
                     "expected tensors of one shape");
  const Square square{global<const float>(left), global<const float>(right)};
  const auto y = global<float>(out);
  if (call.flag(0)) return landbridge::cuda::sum_terms(call, count, square, Scaled{y, call.param(1)});
  landbridge::cuda::each(call, count, [=] __device__(int64_t i) { y[i] = square(i); });
}

// Inputs: a, b, dy (a scalar, or one value per element). Params: the factor. Outputs, each of which may be
// absent: da = factor·(a − b)·dy, db = −da.
LANDBRIDGE_KERNEL(mseLossGradient, cuda, float32) {
  const View &left = call.in(0), &right = call.in(1), &up = call.in(2);
  const auto a = global<const float>(left), b = global<const float>(right), dy = global<const float>(up);
  const auto da = global<float>(call.out(0)), db = global<float>(call.out(1));
  const float factor = static_cast<float>(call.param(0));
  const bool whole = up.rank == 0;
  LANDBRIDGE_REQUIRE(right.count == left.count && (whole || up.count == left.count),
                     "expected tensors of one shape");
  landbridge::cuda::each(call, left.count, [=] __device__(int64_t i) {
    const float gradient = (a[i] - b[i]) * (factor * dy[whole ? 0 : i]);
    if (da) da[i] = gradient;
    if (db) db[i] = -gradient;
  });
}
