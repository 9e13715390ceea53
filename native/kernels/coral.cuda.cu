// ‖C(x) − C(y)‖² / (4d²) for the covariances C of x[n,d] and y[m,d], with both gradients.
//
// With centred rows X (divided by √(n−1), so that C = XᵀX) and D = C(x) − C(y):
//   d/dx = X·D / (d²·√(n−1)), and the negative for y; centring adds nothing, as columns of X sum to 0.
// Either from D (coral_covariance.h), or, where rows are few, from products of rows: with S the signs (+ for
// x, − for y) and G = Z·Zᵀ, ‖XᵀX − YᵀY‖² = Σ_ij s_i s_j G_ij², and its gradient with respect to z_i is 4·Σ_j
// s_i s_j G_ij z_j. Then no d×d matrix is formed, and none of n×n either (mmd_run.h). What is lost where the
// covariances nearly agree is lost in the products: the error is of the order of 1e-7·(‖C(x)‖² + ‖C(y)‖²),
// whatever their difference. Outputs: value, d/dx, d/dy (either gradient may be absent).
#include "../cuda/coral_covariance.h"
#include "../cuda/mmd_run.h"

namespace landbridge::cuda {
namespace {

// Multiply-adds of both forms. Rows: half of all pairs, or all of them, twice, where gradients are wanted.
// Covariances: one product per side, and another per gradient.
bool rows_are_cheaper(double rows, double d, bool gradients) {
  return rows * rows * d * (gradients ? 2 : 0.5) < rows * d * d * (gradients ? 2 : 1);
}

// The square of a product of rows, in double: the sum of all is a small difference of large numbers.
struct SquaredProduct {
  using Value = double;

  __device__ float operator()(float product, float /*norms*/, bool /*same*/, float sign,
                              double& value) const {
    value += static_cast<double>(product) * static_cast<double>(product);
    return sign * product;
  }
};

__global__ void coral_facts_kernel(Moments x, Moments y, double n, double m, Facts facts) {
  const double spread = total_spread(x) + total_spread(y);
  if (threadIdx.x != 0) return;
  facts.state[0] = spread < INFINITY ? 1 : static_cast<double>(NAN);
  facts.scale[0] = 1 / sqrt(n - 1);
  facts.scale[1] = 1 / sqrt(m - 1);
}

void from_rows(Call& call, const Placed& p, int64_t d, const Facts& facts) {
  const double size = static_cast<double>(d) * static_cast<double>(d);
  const AllPairs<SquaredProduct> all{{},
                                     {{1, 1}, {-1, -1}, {1, 1}},
                                     p,
                                     global<float>(call.out(0)),
                                     global<float>(call.out(1)),
                                     global<float>(call.out(2)),
                                     d};
  run_pairs(call, all, facts, {1 / (4 * size), 0, 0, -1 / size}, false);
}

void from_covariances(Call& call, const Placed& p, int64_t d, const Facts& facts) {
  const double size = static_cast<double>(d) * static_cast<double>(d);
  const Global<float> of_x = scratch<float>(call, d * d), of_y = scratch<float>(call, d * d);
  if (!of_x || !of_y) return;
  const Global<const float> x = p.z, y = p.z + p.x_tiles * kTile * p.ld;
  covariance(call, x, p.ld, p.n, d, of_x);
  covariance(call, y, p.ld, p.m, d, of_y);
  const Sums sums = subtract(call, {of_x, of_y, facts, 1 / size, -1 / size, d * d, {}});
  if (!sums.values) return;
  launch<value_kernel>(call, {dim3(1)}, sums, facts, Closing{1 / (4 * size), 0, 0, 0},
                       global<float>(call.out(0)));
  if (call.out(1)) multiply_difference(call, x, p.ld, p.n, d, of_x, global<float>(call.out(1)));
  if (call.out(2)) multiply_difference(call, y, p.ld, p.m, d, of_y, global<float>(call.out(2)));
}

void correlation(Call& call) {
  const View &x = call.in(0), &y = call.in(1);
  LANDBRIDGE_REQUIRE(x.rank == 2 && y.rank == 2 && x.dim(1) == y.dim(1), "expected x[n,d] and y[m,d]");
  const int64_t n = x.dim(0), m = y.dim(0), d = x.dim(1);
  LANDBRIDGE_REQUIRE(n >= 2 && m >= 2 && d >= 1, "expected at least two rows on each side and one column");
  const Sample sample{global<const float>(x), global<const float>(y), n, m, d};
  const Facts facts{scratch<double>(call, 1), scratch<double>(call, 2)};
  const Moments of_x = measure(call, sample, 0, n), of_y = measure(call, sample, n, n + m);
  const Placed p = allocate(call, sample, placed_columns(d));
  if (!facts.state || !facts.scale || !of_x.mean || !of_y.mean || !p.z || !p.norms) return;
  launch<coral_facts_kernel>(call, {dim3(1)}, of_x, of_y, static_cast<double>(n), static_cast<double>(m),
                             facts);
  place(call, {sample, of_x.mean, of_y.mean, facts.scale, 0, !exact(call)}, p);
  const bool rows =
      rows_are_cheaper(static_cast<double>(n + m), static_cast<double>(d), call.out(1) || call.out(2));
  rows ? from_rows(call, p, d, facts) : from_covariances(call, p, d, facts);
}

}  // namespace
}  // namespace landbridge::cuda

LANDBRIDGE_KERNEL(coral, cuda, float32) {
  landbridge::cuda::correlation(call);
}
