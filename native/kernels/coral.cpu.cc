// ‖C(x) − C(y)‖² / (4d²) for the covariances C of x[n,d] and y[m,d], with both gradients.
//
// With centred rows X (divided by √(n−1), so that C = XᵀX) and D = C(x) − C(y):
//   d/dx = X·D / (d²·√(n−1)), and the negative for y; centring adds nothing, as columns of X sum to 0.
// Outputs: value, d/dx, d/dy (either gradient may be absent).
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;

constexpr int64_t kColumns = 64;     // columns that are centred at once
constexpr int64_t kGrain = 1 << 15;  // elements per chunk

// (x − mean of its column) / √(n − 1), column means in double.
void centre(Call& call, const View& x, float* out) {
  const int64_t n = x.dim(0), d = x.dim(1);
  const float* in = x.as<const float>();
  const double scale = 1 / __builtin_sqrt(static_cast<double>(n - 1));
  call.parallel_for(d, kColumns, [=](int64_t begin, int64_t end) {
    double mean[kColumns] = {};
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t c = begin; c < end; ++c) mean[c - begin] += static_cast<double>(in[i * d + c]);
    }
    for (int64_t c = begin; c < end; ++c) mean[c - begin] /= static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t c = begin; c < end; ++c) {
        out[i * d + c] = static_cast<float>((static_cast<double>(in[i * d + c]) - mean[c - begin]) * scale);
      }
    }
  });
}

void covariance(Call& call, const float* x, int64_t n, int64_t d, float* out) {
  lb_gemm product{};
  product.m = product.n = d;
  product.k = n;
  product.a = product.b = x;
  product.c = out;
  product.lda = product.ldb = product.ldc = d;
  product.transpose_a = 1;
  call.gemm(product);
}

// D = a − b in place of a; returns the sum of its squares.
double subtract(float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    a[i] = static_cast<float>(difference);
    sum += difference * difference;
  }
  return sum;
}

void gradient(Call& call, const float* x, const float* difference, double sign, const View& out) {
  const int64_t n = out.dim(0), d = out.dim(1);
  lb_gemm product{};
  product.m = n;
  product.n = product.k = d;
  product.a = x;
  product.b = difference;
  product.c = out.as<float>();
  product.lda = product.ldb = product.ldc = d;
  call.gemm(product);
  const double size = static_cast<double>(d) * static_cast<double>(d);
  const float scale = static_cast<float>(sign / (size * __builtin_sqrt(static_cast<double>(n - 1))));
  float* values = out.as<float>();
  call.parallel_for(n * d, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) values[i] *= scale;
  });
}

}  // namespace

LANDBRIDGE_KERNEL(coral, cpu, float32) {
  const View &x = call.in(0), &y = call.in(1);
  LANDBRIDGE_REQUIRE(x.rank == 2 && y.rank == 2 && x.dim(1) == y.dim(1), "expected x[n,d] and y[m,d]");
  const int64_t n = x.dim(0), m = y.dim(0), d = x.dim(1);
  LANDBRIDGE_REQUIRE(n >= 2 && m >= 2 && d >= 1, "expected at least two rows on each side and one column");
  float* centred_x = call.workspace<float>(n * d);
  float* centred_y = call.workspace<float>(m * d);
  float* difference = call.workspace<float>(d * d);
  float* other = call.workspace<float>(d * d);
  if (centred_x == nullptr || centred_y == nullptr || difference == nullptr || other == nullptr) return;
  centre(call, x, centred_x);
  centre(call, y, centred_y);
  covariance(call, centred_x, n, d, difference);
  covariance(call, centred_y, m, d, other);
  const double sum = subtract(difference, other, d * d);
  *call.out(0).as<float>() =
      static_cast<float>(sum / (4.0 * static_cast<double>(d) * static_cast<double>(d)));
  if (call.out(1)) gradient(call, centred_x, difference, 1, call.out(1));
  if (call.out(2)) gradient(call, centred_y, difference, -1, call.out(2));
}
