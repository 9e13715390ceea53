// Products of matrices by the tile engine, executed by the emulation, against sums in double precision. Built
// and run by test/cuda/products.test.ts.
#include <cmath>

#include "../cuda/gemm.h"
#include "../cuda/gemm_plan.h"
#include "products_host.h"

namespace {

using test::random_tensor;
using test::Tensor;

// What a precision's errors are measured by: the largest over all elements of |y - ref| / (|A||B|).
double error_of(const Tensor& a, const Tensor& b, const Tensor& c, const landbridge::cuda::Product& p) {
  double largest = 0;
  for (int64_t z = 0; z < p.batches; ++z) {
    for (int64_t i = 0; i < p.m; ++i) {
      for (int64_t j = 0; j < p.n; ++j) {
        double sum = 0, size = 0;
        for (int64_t k = 0; k < p.k; ++k) {
          const double x = a.data[z * p.m * p.k + (p.transpose_a ? k * p.m + i : i * p.k + k)];
          const double y = b.data[z * p.n * p.k + (p.transpose_b ? j * p.k + k : k * p.n + j)];
          sum += x * y, size += std::fabs(x * y);
        }
        largest = std::fmax(largest, std::fabs(c.data[(z * p.m + i) * p.n + j] - sum) / (size + 1e-30));
      }
    }
  }
  return largest;
}

// float32: small·small alone may be 2.25 · 2^-22 of a single product; sums of many come closer.
const double kTolerance[] = {6e-7, 1e-3, 8e-3};  // by lb_precision
const char* const kNames[] = {"float32", "tf32", "bfloat16"};

void test_product(int64_t batches, int64_t m, int64_t n, int64_t k, bool ta, bool tb, int precision) {
  const Tensor a = random_tensor(ta ? std::vector{batches, k, m} : std::vector{batches, m, k});
  const Tensor b = random_tensor(tb ? std::vector{batches, n, k} : std::vector{batches, k, n});
  Tensor c({batches, m, n});
  const std::string why =
      test::run("matmul", {&a, &b}, {&c}, {static_cast<double>(ta), static_cast<double>(tb), 0}, precision);
  landbridge::cuda::Product p{};
  p.m = m, p.n = n, p.k = k, p.batches = batches, p.transpose_a = ta, p.transpose_b = tb;
  const double error = why.empty() ? error_of(a, b, c, p) : INFINITY;
  char text[200];
  snprintf(text, sizeof text, "%s of %d x %d x %d, transposed %d %d: error %g %s", kNames[precision],
           static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), ta, tb, error, why.c_str());
  test::check(error < kTolerance[precision], text);
}

void test_layouts(int64_t batches, int64_t m, int64_t n, int64_t k) {
  for (int layout = 0; layout < 4; ++layout) {
    for (int precision = 0; precision < 3; ++precision) {
      test_product(batches, m, n, k, layout & 1, layout & 2, precision);
    }
  }
}

// Infinite and largest operands: what IEEE's products and sums give, without invented NaNs.
void test_extremes() {
  const float inf = INFINITY, nan = NAN, most = 3.402823466e38f;
  const float left[] = {inf, inf, inf, nan, most, -inf, most, 1e-40f}, right[] = {2, 0, 1.1f, 1, 1, 1.1f, -1};
  const float expected[] = {inf, nan, inf, nan, most, -inf, -most};
  for (int i = 0; i < 7; ++i) {
    Tensor a({1, 3}), b({3, 1}), c({1, 1});
    a.data = {0, left[i], 0}, b.data = {1, right[i], 3};
    test::run("matmul", {&a, &b}, {&c}, {0, 0, 0}, LB_PRECISION_float32);
    const float got = c.data[0], want = expected[i];
    const bool same =
        want != want ? got != got : got == want || std::fabs(got - want) < 1e-6f * std::fabs(want);
    test::check(same,
                std::to_string(left[i]) + " · " + std::to_string(right[i]) + " = " + std::to_string(got));
  }
}

// bias, rectifier and what C held, on a product that is split and one that is not.
void test_finish(int64_t k) {
  const int64_t m = 5, n = 7;
  const Tensor a = random_tensor({m, k}), b = random_tensor({k, n}), bias = random_tensor({n});
  Tensor c = random_tensor({m, n});
  const Tensor before = c;
  landbridge::cuda::Product p{};
  p.m = m, p.n = n, p.k = k, p.lda = k, p.ldb = n, p.ldc = n;
  p.a = a.data.data(), p.b = b.data.data(), p.c = c.data.data(), p.bias = bias.data.data();
  p.accumulate = 1, p.activation = LB_ACTIVATION_relu;
  test::with_call({}, {}, {}, 0, [&](lb_call& call) { landbridge::cuda::multiply_matrices(call, p); });
  double largest = 0;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = static_cast<double>(before.data[i * n + j]) + bias.data[j];
      for (int64_t q = 0; q < k; ++q) sum += static_cast<double>(a.data[i * k + q]) * b.data[q * n + j];
      largest = std::fmax(largest, std::fabs(std::fmax(sum, 0.0) - c.data[i * n + j]));
    }
  }
  test::check(largest < 1e-4, "bias, rectifier and accumulation with k = " + std::to_string(k));
}

void test_plan() {
  using landbridge::cuda::plan_of;
  test::check(plan_of({4096, 4096, 4096, 1}, 128).large, "4096³ takes the large tile");
  test::check(plan_of({4096, 4096, 4096, 1}, 128).splits == 1, "4096³ is not split");
  test::check(!plan_of({64, 64, 1 << 20, 1}, 128).large, "64 x 64 takes the small tile");
  test::check(plan_of({64, 64, 1 << 20, 1}, 128).splits == 64, "a deep product is split");
  test::check(plan_of({1152, 256, 100352, 1}, 128).large, "a filter gradient takes the large tile");
  test::check(plan_of({0, 3, 8, 1}, 128).splits == 1, "no rows, no parts");
  test::check(plan_of({1 << 16, 1 << 16, 64, 1 << 20}, 128).splits == 1, "a huge product is not split");
}

}  // namespace

int main() {
  test_plan();
  test_layouts(1, 1, 1, 1);
  test_layouts(2, 33, 17, 19);
  test_layouts(1, 64, 64, 16);
  test_layouts(1, 68, 60, 36);
  test_layouts(1, 65, 66, 50);
  test_layouts(1, 9, 5, 0);
  test_product(1, 20, 24, 1100, false, false, LB_PRECISION_float32);  // in parts
  test_product(1, 21, 24, 900, true, false, LB_PRECISION_tf32);
  for (int layout = 0; layout < 4; ++layout) {  // the large tile
    test_product(52, 132, 136, 20, layout & 1, layout & 2, LB_PRECISION_tf32);
    test_product(52, 132, 130, 18, layout & 1, layout & 2, LB_PRECISION_bfloat16);
  }
  test_product(65540, 1, 2, 2, false, false, LB_PRECISION_bfloat16);  // more batches than a grid has layers
  test_extremes();
  test_finish(20);
  test_finish(900);
  return test::finish();
}
