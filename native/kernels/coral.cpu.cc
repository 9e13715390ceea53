// ‖C(x) − C(y)‖² / (4d²) for the covariances C of x[n,d] and y[m,d], with both gradients.
//
// With centred rows X (divided by √(n−1), so that C = XᵀX) and D = C(x) − C(y):
//   d/dx = X·D / (d²·√(n−1)), and the negative for y; centring adds nothing, as columns of X sum to 0.
// Either from D, or from products of rows where there are few of them: see coral_covariance.h and
// coral_gram.h. Outputs: value, d/dx, d/dy (either gradient may be absent).
#include "../cpu/coral_covariance.h"
#include "../cpu/coral_gram.h"
#include "../cpu/mmd_measure.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;

// Multiply-adds of both forms. Rows: half of all pairs, then twice that for the gradients. Covariances: the
// blocks above the diagonal (half of them, and half a block's width), then a whole product per gradient.
bool rows_are_cheaper(double n, double m, double d, bool gradients) {
  const double rows = n + m;
  const double by_rows = rows * rows * d * (gradients ? 1.5 : 0.5);
  const double width = d < lb::kCovarianceBlock ? d : lb::kCovarianceBlock;
  const double by_columns = rows * d * ((d + width) / 2 + (gradients ? d : 0));
  return by_rows < by_columns;
}

float* gradient_of(const View& view) {
  return view ? view.as<float>() : nullptr;
}

// gradient *= factor, for both sides: `scale` holds the sides' own factors beside that of the loss.
void scale_gradients(Call& call, const simd::PairSum& sum, double x_factor, double y_factor) {
  simd::for_gradients(call, sum, [&](int64_t row, float* gradient) {
    const float factor = static_cast<float>(row < sum.z.n ? x_factor : y_factor);
    for (int64_t c = 0; c < sum.z.d; ++c) gradient[c] *= factor;
  });
}

// Both return ‖C(x) − C(y)‖² and leave ±X·D and ±Y·D as gradients.
double from_rows(Call& call, simd::PairSum& sum) {
  if (!simd::allocate(call, sum.z)) return 0;
  simd::place(call, sum.z);
  const double value = simd::all_pairs(call, simd::Gram{sum});
  return value < 0 ? 0 : value;  // rounding, where the covariances agree
}

void centre_rows(Call& call, const simd::Sample& z, float* out) {
  const int64_t grain = z.d > simd::kRowGrain ? 1 : simd::kRowGrain / z.d;
  call.parallel_for(z.total(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const double *mean = row < z.n ? z.x_mean : z.y_mean, scale = row < z.n ? z.x_scale : z.y_scale;
      const float* from = z.data(row);
      float* to = out + row * z.d;
      for (int64_t c = 0; c < z.d; ++c) {
        to[c] = static_cast<float>((static_cast<double>(from[c]) - mean[c]) * scale);
      }
    }
  });
}

double from_covariances(Call& call, const simd::PairSum& sum) {
  const simd::Sample& z = sum.z;
  float* centred = call.workspace<float>(z.total() * z.d);
  float* difference = call.workspace<float>(z.d * z.d);
  float* other = call.workspace<float>(z.d * z.d);
  if (centred == nullptr || difference == nullptr || other == nullptr) return 0;
  centre_rows(call, z, centred);
  lb::upper_covariance(call, centred, z.n, z.d, difference);
  lb::upper_covariance(call, centred + z.n * z.d, z.m, z.d, other);
  const double value = lb::subtract_symmetric(call, difference, other, z.d);
  if (sum.dx != nullptr) lb::multiply_difference(call, centred, difference, z.n, z.d, sum.dx);
  if (sum.dy != nullptr) {
    lb::multiply_difference(call, centred + z.n * z.d, difference, z.m, z.d, sum.dy);
  }
  return value;
}

// False: out of memory.
bool measure(Call& call, simd::Sample& z) {
  const int64_t across = z.panels() * simd::kNr;
  double* means = call.workspace<double>(2 * across);
  if (means == nullptr) return false;
  simd::measure(call, z, 0, z.n, means);
  simd::measure(call, z, z.n, z.total(), means + across);
  z.x_mean = means;
  z.y_mean = means + across;
  z.x_scale = 1 / __builtin_sqrt(static_cast<double>(z.n - 1));
  z.y_scale = 1 / __builtin_sqrt(static_cast<double>(z.m - 1));
  return true;
}

}  // namespace

LANDBRIDGE_KERNEL(coral, cpu, float32) {
  const View &x = call.in(0), &y = call.in(1);
  LANDBRIDGE_REQUIRE(x.rank == 2 && y.rank == 2 && x.dim(1) == y.dim(1), "expected x[n,d] and y[m,d]");
  const int64_t n = x.dim(0), m = y.dim(0), d = x.dim(1);
  LANDBRIDGE_REQUIRE(n >= 2 && m >= 2 && d >= 1, "expected at least two rows on each side and one column");
  simd::PairSum sum{{x.as<const float>(), y.as<const float>(), n, m, d},
                    gradient_of(call.out(1)),
                    gradient_of(call.out(2))};
  if (!measure(call, sum.z)) return;
  const bool gradients = sum.dx != nullptr || sum.dy != nullptr;
  const bool rows =
      rows_are_cheaper(static_cast<double>(n), static_cast<double>(m), static_cast<double>(d), gradients);
  const double value = rows ? from_rows(call, sum) : from_covariances(call, sum);
  const double size = static_cast<double>(d) * static_cast<double>(d);
  *call.out(0).as<float>() = static_cast<float>(value / (4 * size));
  const double sign = rows ? 1 : -1;  // products of rows carry y's sign already
  scale_gradients(call, sum, sum.z.x_scale / size, sign * sum.z.y_scale / size);
}
