// Squared maximum mean discrepancy of x[n,d] and y[m,d] under a sum of Gaussian kernels, with both gradients,
// in one pass over all pairs of rows: nothing of size (n+m)² is ever stored (see mmd_run.h for the launches,
// mmd_pairs.h for the pass).
//
// With z = (x, y) pooled, weights a = (1/n, …, −1/m, …) and k(D) = Σ_s exp(−D/(s·h)):
//   mmd   = Σ_ij a_i a_j k(‖z_i − z_j‖²)      (biased; unbiased leaves i = j out and divides by n(n−1))
//   d/dz_i = 4·Σ_j a_i a_j k'(D_ij) (z_i − z_j)
// Distances come from products of centred data. Outputs: value, d/dx, d/dy (either gradient may be absent).
// Params: estimator (0 biased, 1 unbiased, 2 linear: see mmd_linear.h), bandwidth (0: h is the mean of all
// pairwise squared distances), then the scales. The bandwidth stays on the device: nothing waits for it.
#include "../cuda/mmd_linear.h"
#include "../cuda/mmd_run.h"

namespace landbridge::cuda {
namespace {

// The kernels of a pair's product. A row's pair with itself is left out: its kernels are added at the end,
// exactly.
template <class Kernels>
struct Discrepancy {
  using Value = float;
  Kernels kernels;
  float twice_exponent;

  __device__ float operator()(float product, float norms, bool same, float weight, float& value) const {
    const float t = fminf(twice_exponent * product + norms, 0.0f);
    const Evaluated at = kernels(same ? -INFINITY : t);
    value += at.kernel;
    return weight * at.slope;
  }
};

// What follows from the bandwidth h: 0 where the sample is a single point, NaN where it is not finite.
__device__ void set_facts(const Facts& facts, double h) {
  facts.state[0] = h;
  facts.scale[0] = facts.scale[1] = 1 / sqrt(h);
}

__global__ void bandwidth_kernel(Moments moments, double given, Facts facts) {
  const double spread = 2 * total_spread(moments);
  if (threadIdx.x != 0) return;
  // Far below what float32 tells apart, a smaller bandwidth changes nothing but could overflow.
  const double h = fmax(given > 0 ? given : spread, 1e-20 * spread);
  set_facts(facts, spread < INFINITY ? h : static_cast<double>(NAN));
}

// a_i·a_j·n·m for a pair of rows: a is 1/n in x and −1/m in y; or less a row's pair with itself.
Sides sides_of(double n, double m, bool unbiased) {
  const double of_x = m / (unbiased ? n - 1 : n), of_y = n / (unbiased ? m - 1 : m);
  return {{static_cast<float>(of_x), of_x}, {-1, -1}, {static_cast<float>(of_y), of_y}};
}

void all_pairs(Call& call, const Sample& sample, const KernelSum& sum, const Moments& moments,
               const Facts& facts) {
  const Placed p = allocate(call, sample, placed_columns(sample.d));
  if (!p.z || !p.norms) return;
  place(call, {sample, moments.mean, moments.mean, facts.scale, sum.exponent, !exact(call)}, p);
  const double n = static_cast<double>(sample.n), m = static_cast<double>(sample.m);
  const bool unbiased = call.flag(0);
  const Closing closing{1 / (n * m), unbiased ? 0 : sum.scales * (1 / n + 1 / m), -INFINITY,
                        -4 * sum.slope / (n * m)};
  with_scales(sum, [&](const auto& kernels) {
    using Kernels = std::remove_cvref_t<decltype(kernels)>;
    const AllPairs<Discrepancy<Kernels>> all{{kernels, static_cast<float>(2 * sum.exponent)},
                                             sides_of(n, m, unbiased),
                                             p,
                                             global<float>(call.out(0)),
                                             global<float>(call.out(1)),
                                             global<float>(call.out(2)),
                                             sample.d};
    run_pairs(call, all, facts, closing, true);
  });
}

// Pairs of rows from the first on; what is left over has no gradient.
void successive_pairs(Call& call, const Sample& sample, const KernelSum& sum, const Facts& facts) {
  const int64_t pairs = (sample.n < sample.m ? sample.n : sample.m) / 2;
  constexpr int64_t kMostBlocks = 1024, kPairs = kThreads / kWarp;
  const int64_t blocks =
      (pairs + kPairs - 1) / kPairs < kMostBlocks ? (pairs + kPairs - 1) / kPairs : kMostBlocks;
  const Global<double> values = scratch<double>(call, blocks * kPairs);
  if (!values) return;
  const LinearEstimate estimate{sample,
                                global<float>(call.out(1)),
                                global<float>(call.out(2)),
                                pairs,
                                sum.exponent,
                                sum.slope,
                                facts.state,
                                values};
  with_scales(sum, [&](const auto& kernels) {
    using Kernels = std::remove_cvref_t<decltype(kernels)>;
    launch<linear_kernel<Kernels>>(call, {dim3(static_cast<unsigned>(blocks))}, estimate, kernels);
  });
  Sums sums{};
  sums.values = values;
  sums.value_parts = blocks * kPairs;
  const Closing closing{1 / static_cast<double>(pairs), 0, -INFINITY, 0};
  launch<value_kernel>(call, {dim3(1)}, sums, facts, closing, global<float>(call.out(0)));
  for (int i = 1; i < 3; ++i) {
    const View& out = call.out(i);
    if (out) fill_linear(call, global<float>(out), out.count, 2 * pairs * sample.d, facts.state);
  }
}

void fill_outputs(Call& call) {
  for (int i = 0; i < 3; ++i) {
    const auto out = global<float>(call.out(i));
    if (out) each(call, call.out(i).count, [=] __device__(int64_t at) { out[at] = 0; });
  }
}

void discrepancy(Call& call) {
  const View &x = call.in(0), &y = call.in(1);
  LANDBRIDGE_REQUIRE(x.rank == 2 && y.rank == 2 && x.dim(1) == y.dim(1), "expected x[n,d] and y[m,d]");
  const int scales = call.param_count - 2;
  LANDBRIDGE_REQUIRE(scales >= 1 && scales <= kMaxScales, "expected 1 to 16 scales");
  const bool linear = call.integer(0) == 2;
  const int64_t least = linear ? 2 : 1;
  LANDBRIDGE_REQUIRE(x.dim(0) >= least && y.dim(0) >= least, "expected a row on each side, two for linear");
  if (x.dim(1) == 0) return fill_outputs(call);
  const Sample sample{global<const float>(x), global<const float>(y), x.dim(0), y.dim(0), x.dim(1)};
  const KernelSum sum(scales, [&](int i) { return call.param(2 + i); });
  const Facts facts{scratch<double>(call, 1), scratch<double>(call, 2)};
  if (!facts.state || !facts.scale) return;
  const double given = call.param(1);
  if (linear && given > 0) {  // nothing else is wanted of the whole sample
    each(call, 1, [=] __device__(int64_t) { set_facts(facts, given); });
    return successive_pairs(call, sample, sum, facts);
  }
  const Moments moments = measure(call, sample, 0, sample.total());
  if (!moments.mean) return;
  launch<bandwidth_kernel>(call, {dim3(1)}, moments, given, facts);
  linear ? successive_pairs(call, sample, sum, facts) : all_pairs(call, sample, sum, moments, facts);
}

}  // namespace
}  // namespace landbridge::cuda

LANDBRIDGE_KERNEL(mmd, cuda, float32) {
  landbridge::cuda::discrepancy(call);
}
