// Squared maximum mean discrepancy of x[n,d] and y[m,d] under a sum of Gaussian kernels, with both gradients,
// in one tiled pass over all pairs: nothing of size (n+m)² is ever stored.
//
// With z = (x, y) pooled, weights a = (1/n, …, −1/m, …) and k(D) = Σ_s exp(−D/(s·h)):
//   mmd   = Σ_ij a_i a_j k(‖z_i − z_j‖²)                      (biased; unbiased leaves i = j out and divides
//   by n(n−1)) d/dz_i = 2·Σ_j w_ij (z_i − z_j),  w_ij = 2·a_i a_j k'(D_ij)
// Distances come from products of centred data. Outputs: value, d/dx, d/dy (either gradient may be absent).
// Params: unbiased, bandwidth (0: h is the mean of all pairwise squared distances), then the scales.
#include "../cpu/math.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;
using simd::vf;

constexpr int64_t kRows = 64, kColumns = 256;  // a tile of pairs
constexpr int kMaxScales = 16;

struct Problem {
  int64_t n, m, d, total;
  bool unbiased;
  int scales;
  float inverse[kMaxScales];  // 1/(s·h)
  const float* z;             // centred, [total, d]
  const float* norms;         // ‖z_i‖²

  // a_i a_j for a pair of blocks of one kind each, off the diagonal.
  double weight(bool first_is_x, bool second_is_x) const {
    if (first_is_x != second_is_x) return -1.0 / (static_cast<double>(n) * static_cast<double>(m));
    const double count = static_cast<double>(first_is_x ? n : m);
    return 1.0 / (count * (unbiased ? count - 1 : count));
  }
};

// What one row tile gathers.
struct Tile {
  alignas(64) float pairs[kRows * kColumns];  // products, then gradient weights
  float* gradient;                            // [rows, d]: Σ_j w_ij z_j; null where it is not wanted
  double row_weight[kRows];
  double value;
};

// k(D) and k'(D) for one row of pairs; `scale` is a_i a_j. Turns products into weights 2·a_i a_j k'(D).
double finish_row(const Problem& p, float norm, const float* norms, int64_t count, int64_t diagonal,
                  float scale, float* row, double& row_weight) {
  vf sum{}, weights{};
  for (int64_t j = 0; j < count; j += simd::kLanes) {
    const int64_t lanes = count - j < simd::kLanes ? count - j : simd::kLanes;
    vf distance = norm + simd::load(norms + j, lanes) - 2.0f * simd::load(row + j, lanes);
    distance = simd::max(distance, vf{});
    vf k{}, slope{};
    for (int s = 0; s < p.scales; ++s) {
      const vf e = simd::exp(-p.inverse[s] * distance);
      k += e;
      slope -= p.inverse[s] * e;
    }
    vf weight = (2.0f * scale) * slope;
    for (int64_t lane = 0; lane < simd::kLanes; ++lane) {
      const bool outside = lane >= lanes, self = !outside && j + lane == diagonal;
      if (outside || self) weight[lane] = 0;
      if (outside) k[lane] = 0;
      if (self) k[lane] = p.unbiased ? 0.0f : static_cast<float>(p.scales);
    }
    sum += k;
    weights += weight;
    simd::store(row + j, weight, lanes);
  }
  double value = 0;
  for (int lane = 0; lane < simd::kLanes; ++lane) {
    value += sum[lane];
    row_weight += weights[lane];
  }
  return value * scale;
}

// One tile: rows [i0, i0+rows) of z against columns [j0, j0+columns), each wholly in x or wholly in y.
void add_tile(Call& call, const Problem& p, Tile& tile, int64_t i0, int64_t rows, int64_t j0,
              int64_t columns) {
  lb_gemm product{};
  product.m = rows;
  product.n = columns;
  product.k = p.d;
  product.a = p.z + i0 * p.d;
  product.b = p.z + j0 * p.d;
  product.c = tile.pairs;
  product.lda = product.ldb = p.d;
  product.ldc = kColumns;
  product.transpose_b = 1;
  call.gemm(product);
  const float scale = static_cast<float>(p.weight(i0 < p.n, j0 < p.n));
  for (int64_t i = 0; i < rows; ++i) {
    tile.value += finish_row(p, p.norms[i0 + i], p.norms + j0, columns, i0 + i - j0, scale,
                             tile.pairs + i * kColumns, tile.row_weight[i]);
  }
  if (tile.gradient == nullptr) return;
  lb_gemm sum{};
  sum.m = rows;
  sum.n = p.d;
  sum.k = columns;
  sum.a = tile.pairs;
  sum.b = p.z + j0 * p.d;
  sum.c = tile.gradient;
  sum.lda = kColumns;
  sum.ldb = sum.ldc = p.d;
  sum.accumulate = 1;
  call.gemm(sum);
}

// All pairs of the rows [i0, i0+rows); writes their gradient, returns their part of the value.
double row_tile(Call& call, const Problem& p, int64_t i0, int64_t rows, float* gradient) {
  Tile tile;
  tile.gradient = gradient;
  tile.value = 0;
  for (int64_t i = 0; i < rows; ++i) tile.row_weight[i] = 0;
  for (int64_t i = 0; gradient != nullptr && i < rows * p.d; ++i) gradient[i] = 0;
  for (int64_t j = 0; j < p.total;) {
    const int64_t border = j < p.n ? p.n : p.total;
    const int64_t columns = border - j < kColumns ? border - j : kColumns;
    add_tile(call, p, tile, i0, rows, j, columns);
    j += columns;
  }
  for (int64_t i = 0; gradient != nullptr && i < rows; ++i) {
    const float* z = p.z + (i0 + i) * p.d;
    const float weight = static_cast<float>(tile.row_weight[i]);
    for (int64_t c = 0; c < p.d; ++c) gradient[i * p.d + c] = 2.0f * (weight * z[c] - gradient[i * p.d + c]);
  }
  return tile.value;
}

// Centres the pooled data and returns the mean of all pairwise squared distances, 2·mean‖z − mean z‖².
double centre(const float* x, const float* y, const Problem& p, double* mean, float* z, float* norms) {
  for (int64_t c = 0; c < p.d; ++c) mean[c] = 0;
  auto row = [&](int64_t i) { return i < p.n ? x + i * p.d : y + (i - p.n) * p.d; };
  for (int64_t i = 0; i < p.total; ++i) {
    for (int64_t c = 0; c < p.d; ++c) mean[c] += row(i)[c];
  }
  for (int64_t c = 0; c < p.d; ++c) mean[c] /= static_cast<double>(p.total);
  double sum = 0;
  for (int64_t i = 0; i < p.total; ++i) {
    double norm = 0;
    for (int64_t c = 0; c < p.d; ++c) {
      const float value = static_cast<float>(row(i)[c] - mean[c]);
      z[i * p.d + c] = value;
      norm += static_cast<double>(value) * value;
    }
    norms[i] = static_cast<float>(norm);
    sum += norm;
  }
  return 2 * sum / static_cast<double>(p.total);
}

void zero(const View& view) {
  for (int64_t i = 0; i < view.count; ++i) view.as<float>()[i] = 0;
}

void all_rows(Call& call, const Problem& p, float* dx, float* dy) {
  const int64_t x_tiles = (p.n + kRows - 1) / kRows, tiles = x_tiles + (p.m + kRows - 1) / kRows;
  double* values = call.workspace<double>(tiles);
  if (values == nullptr) return;
  call.parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const bool of_x = t < x_tiles;
      const int64_t local = (of_x ? t : t - x_tiles) * kRows, count = of_x ? p.n : p.m;
      const int64_t rows = count - local < kRows ? count - local : kRows;
      float* target = of_x ? dx : dy;
      values[t] = row_tile(call, p, of_x ? local : p.n + local, rows,
                           target == nullptr ? nullptr : target + local * p.d);
    }
  });
  double value = 0;
  for (int64_t t = 0; t < tiles; ++t) value += values[t];
  call.out(0).as<float>()[0] = static_cast<float>(value);
}

}  // namespace

LANDBRIDGE_KERNEL(mmd, cpu, float32) {
  const View &x = call.in(0), &y = call.in(1);
  LANDBRIDGE_REQUIRE(x.rank == 2 && y.rank == 2 && x.dim(1) == y.dim(1), "expected x[n,d] and y[m,d]");
  Problem p{x.dim(0), y.dim(0), x.dim(1), x.dim(0) + y.dim(0), call.flag(0), call.param_count - 2,
            {},       nullptr,  nullptr};
  LANDBRIDGE_REQUIRE(p.scales >= 1 && p.scales <= kMaxScales, "expected 1 to 16 scales");
  float* z = call.workspace<float>(p.total * p.d);
  float* norms = call.workspace<float>(p.total);
  double* mean = call.workspace<double>(p.d);
  if (z == nullptr || norms == nullptr || mean == nullptr) return;
  const double spread = centre(x.as<const float>(), y.as<const float>(), p, mean, z, norms);
  const double h = call.param(1) > 0 ? call.param(1) : spread;
  p.z = z;
  p.norms = norms;
  if (h == 0) {
    for (int i = 0; i < 3; ++i) {
      if (call.out(i)) zero(call.out(i));
    }
    return;
  }
  for (int s = 0; s < p.scales; ++s) p.inverse[s] = static_cast<float>(1.0 / (call.param(2 + s) * h));
  all_rows(call, p, call.out(1) ? call.out(1).as<float>() : nullptr,
           call.out(2) ? call.out(2).as<float>() : nullptr);
}
