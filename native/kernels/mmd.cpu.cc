// Squared maximum mean discrepancy of x[n,d] and y[m,d] under a sum of Gaussian kernels, with both gradients,
// in one tiled pass over all unordered pairs: nothing of size (n+m)² is ever stored.
//
// With z = (x, y) pooled, weights a = (1/n, …, −1/m, …) and k(D) = Σ_s exp(−D/(s·h)):
//   mmd   = Σ_ij a_i a_j k(‖z_i − z_j‖²)      (biased; unbiased leaves i = j out and divides by n(n−1))
//   d/dz_i = 4·Σ_j a_i a_j k'(D_ij) (z_i − z_j)
// Distances come from products of centred data. Outputs: value, d/dx, d/dy (either gradient may be absent).
// Params: estimator (0 biased, 1 unbiased, 2 linear: see mmd_linear.h), bandwidth (0: h is the mean of all
// pairwise squared distances), then the scales.
#include "../cpu/mmd_linear.h"
#include "../cpu/mmd_measure.h"
#include "../cpu/mmd_tournament.h"
#include "../cpu/mmd_weights.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;

void fill_outputs(Call& call, float value) {
  for (int i = 0; i < 3; ++i) {
    const View& out = call.out(i);
    for (int64_t at = 0; out && at < out.count; ++at) out.as<float>()[at] = value;
  }
}

// gradient = scale·(Σ_j w_ij·z_i − Σ_j w_ij z_j) for one row.
void finish_gradient(const simd::Mmd& p, int64_t row, float scale, float* gradient) {
  const float own = static_cast<float>(p.row_weights[row]);
  for (int64_t panel = 0; panel < p.z.panels(); ++panel) {
    const float* z = p.z.panel(panel, row);
    float* to = gradient + panel * simd::kNr;
    const int64_t rest = p.z.d - panel * simd::kNr, width = rest < simd::kNr ? rest : simd::kNr;
    for (int64_t c = 0; c < width; ++c) to[c] = scale * (own * z[c] - to[c]);
  }
}

void run(Call& call, const simd::Mmd& p, double h) {
  const double n = static_cast<double>(p.z.n), m = static_cast<double>(p.z.m);
  for (int64_t row = 0; row < p.z.total(); ++row) p.row_weights[row] = 0;
  double value = simd::all_pairs(call, p) / (n * m);
  if (!p.unbiased) value += p.kernel.scales * (1 / n + 1 / m);
  *call.out(0).as<float>() = static_cast<float>(value);
  const float scale = static_cast<float>(-4 * p.kernel.slope / (n * m * __builtin_sqrt(h)));
  simd::for_gradients(call, p,
                      [&](int64_t row, float* gradient) { finish_gradient(p, row, scale, gradient); });
}

float* gradient_of(const View& view) {
  return view ? view.as<float>() : nullptr;
}

// Finds the mean and the bandwidth, which is 0 where the sample is a single point, NaN where it is not
// finite.
double bandwidth(Call& call, simd::Sample& z) {
  double* mean = call.workspace<double>(z.panels() * simd::kNr);
  if (mean == nullptr) return __builtin_nan("");
  z.x_mean = z.y_mean = mean;
  const double spread = 2 * simd::measure(call, z, 0, z.total(), mean);
  if (!(spread < __builtin_inf())) return __builtin_nan("");
  const double h = call.param(1) > 0 ? call.param(1) : spread;
  // Far below what float32 tells apart, a smaller bandwidth changes nothing but could overflow.
  return h < 1e-20 * spread ? 1e-20 * spread : h;
}

void all_pairs(Call& call, simd::Sample& z, const lb::KernelSum& kernel, double h) {
  double* row_weights = call.workspace<double>(z.total());
  if (!simd::allocate(call, z) || row_weights == nullptr) return;
  z.x_scale = z.y_scale = 1 / __builtin_sqrt(h);
  z.exponent = kernel.exponent;
  simd::place(call, z);
  const simd::PairSum pairs{z, gradient_of(call.out(1)), gradient_of(call.out(2))};
  run(call, {pairs, kernel, call.flag(0), row_weights}, h);
}

// Pairs of rows from the first on; what is left over has no gradient.
void successive_pairs(Call& call, const simd::Sample& z, const lb::KernelSum& kernel, double h) {
  const int64_t pairs = (z.n < z.m ? z.n : z.m) / 2;
  simd::LinearEstimate estimate{
      z.x_data, z.y_data, gradient_of(call.out(1)), gradient_of(call.out(2)), z.d, pairs, &kernel, h};
  *call.out(0).as<float>() = static_cast<float>(simd::linear_estimate(call, estimate));
  for (int i = 1; i < 3; ++i) {
    const View& out = call.out(i);
    for (int64_t at = 2 * pairs * z.d; out && at < out.count; ++at) out.as<float>()[at] = 0;
  }
}

}  // namespace

LANDBRIDGE_KERNEL(mmd, cpu, float32) {
  const View &x = call.in(0), &y = call.in(1);
  LANDBRIDGE_REQUIRE(x.rank == 2 && y.rank == 2 && x.dim(1) == y.dim(1), "expected x[n,d] and y[m,d]");
  const int scales = call.param_count - 2;
  LANDBRIDGE_REQUIRE(scales >= 1 && scales <= lb::kMaxScales, "expected 1 to 16 scales");
  const bool linear = call.integer(0) == 2;
  const int64_t least = linear ? 2 : 1;
  LANDBRIDGE_REQUIRE(x.dim(0) >= least && y.dim(0) >= least, "expected a row on each side, two for linear");
  if (x.dim(1) == 0) return fill_outputs(call, 0);
  simd::Sample z{x.as<const float>(), y.as<const float>(), x.dim(0), y.dim(0), x.dim(1)};
  const lb::KernelSum kernel(scales, [&](int i) { return call.param(2 + i); });
  const bool given = linear && call.param(1) > 0;  // then nothing else is wanted of the whole sample
  const double h = given ? call.param(1) : bandwidth(call, z);
  if (!(h > 0)) return fill_outputs(call, h == 0 ? 0 : __builtin_nanf(""));
  if (linear) return successive_pairs(call, z, kernel, h);
  all_pairs(call, z, kernel, h);
}
