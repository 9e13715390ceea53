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
#include "../cpu/mmd_tournament.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;

constexpr int64_t kGrain = 1 << 14;  // elements per chunk

void fill_outputs(Call& call, float value) {
  for (int i = 0; i < 3; ++i) {
    const View& out = call.out(i);
    for (int64_t at = 0; out && at < out.count; ++at) out.as<float>()[at] = value;
  }
}

// False: out of memory.
bool allocate(Call& call, simd::Sample& z) {
  const int64_t across = z.panels() * simd::kNr, places = z.row_panels() * simd::kNr;
  z.side_by_side = call.workspace<float>(z.stored_rows() * across);
  z.upright = call.workspace<float>(places * z.d);
  z.norms = call.workspace<float>(places);
  if (z.side_by_side == nullptr || z.upright == nullptr || z.norms == nullptr) return false;
  for (int64_t c = z.d; c < across; ++c) z.mean[c] = 0;
  return true;
}

// gradient = scale·(Σ_j w_ij·z_i − Σ_j w_ij z_j) for one row.
void finish_gradient(const simd::Problem& p, int64_t row, double scale, float* gradient) {
  const float own = static_cast<float>(p.row_weights[row]), factor = static_cast<float>(scale);
  for (int64_t panel = 0; panel < p.z.panels(); ++panel) {
    const float* z = p.z.panel(panel, row);
    float* to = gradient + panel * simd::kNr;
    const int64_t rest = p.z.d - panel * simd::kNr, width = rest < simd::kNr ? rest : simd::kNr;
    for (int64_t c = 0; c < width; ++c) to[c] = factor * (own * z[c] - to[c]);
  }
}

void for_rows(Call& call, const simd::Problem& p, void (*body)(const simd::Problem&, int64_t, double, float*),
              double scale) {
  const int64_t grain = p.z.d > kGrain ? 1 : kGrain / p.z.d;
  call.parallel_for(p.z.total(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* gradient = p.gradient({row, 0, 1, row < p.z.n});
      if (gradient != nullptr) body(p, row, scale, gradient);
    }
  });
}

void clear_gradient(const simd::Problem& p, int64_t row, double, float* gradient) {
  p.row_weights[row] = 0;
  for (int64_t c = 0; c < p.z.d; ++c) gradient[c] = 0;
}

void run(Call& call, simd::Problem& p, double h) {
  const double pairs = static_cast<double>(p.z.n) * static_cast<double>(p.z.m);
  for_rows(call, p, clear_gradient, 0);
  double value = simd::all_pairs(call, p) / pairs;
  if (!p.unbiased) {
    value += p.kernel.scales * (1.0 / static_cast<double>(p.z.n) + 1.0 / static_cast<double>(p.z.m));
  }
  *call.out(0).as<float>() = static_cast<float>(value);
  for_rows(call, p, finish_gradient, -4 * p.kernel.slope / (pairs * __builtin_sqrt(h)));
}

float* gradient_of(const View& view) {
  return view ? view.as<float>() : nullptr;
}

// The bandwidth; 0 where the sample is a single point, NaN where it is not finite.
double bandwidth(Call& call, const simd::Sample& z) {
  const double spread = simd::measure(call, z);
  if (!(spread < __builtin_inf())) return __builtin_nan("");
  const double h = call.param(1) > 0 ? call.param(1) : spread;
  // Far below what float32 tells apart, a smaller bandwidth changes nothing but could overflow.
  return h < 1e-20 * spread ? 1e-20 * spread : h;
}

void all_pairs(Call& call, simd::Sample& z, const simd::KernelSum& kernel, double h) {
  double* row_weights = call.workspace<double>(z.total());
  if (!allocate(call, z) || row_weights == nullptr) return;
  z.scale = 1 / __builtin_sqrt(h);
  z.exponent = kernel.exponent;
  simd::place(call, z);
  simd::Problem problem{z,          kernel, call.flag(0), gradient_of(call.out(1)), gradient_of(call.out(2)),
                        row_weights};
  run(call, problem, h);
}

// Pairs of rows from the first on; what is left over has no gradient.
void successive_pairs(Call& call, const simd::Sample& z, const simd::KernelSum& kernel, double h) {
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
  LANDBRIDGE_REQUIRE(scales >= 1 && scales <= simd::kMaxScales, "expected 1 to 16 scales");
  const bool linear = call.integer(0) == 2;
  const int64_t least = linear ? 2 : 1;
  LANDBRIDGE_REQUIRE(x.dim(0) >= least && y.dim(0) >= least, "expected a row on each side, two for linear");
  if (x.dim(1) == 0) return fill_outputs(call, 0);
  simd::Sample z{x.as<const float>(), y.as<const float>(), x.dim(0), y.dim(0), x.dim(1)};
  z.mean = call.workspace<double>(z.panels() * simd::kNr);
  if (z.mean == nullptr) return;
  const simd::KernelSum kernel(scales, [&](int i) { return call.param(2 + i); });
  const bool given = linear && call.param(1) > 0;  // then nothing else is wanted of the whole sample
  const double h = given ? call.param(1) : bandwidth(call, z);
  if (!(h > 0)) return fill_outputs(call, h == 0 ? 0 : __builtin_nanf(""));
  if (linear) return successive_pairs(call, z, kernel, h);
  all_pairs(call, z, kernel, h);
}
