// The gradients of activation(x·w + bias) in one call: small layers cost calls, not arithmetic.
// Inputs: x[rows, k], w[k, n], dy[rows, n], and y where the activation was relu. Outputs, each of which may
// be absent: dx, dw, db. With dz the gradient before the activation: dx = dz·wᵀ, dw = xᵀ·dz, db = Σ dz over
// rows.
#include "../cpu/simd.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::simd::kLanes;
using lb::simd::load;
using lb::simd::select;
using lb::simd::store;
using lb::simd::vf;

constexpr int64_t kGrain = 1 << 15;  // elements per chunk
constexpr int64_t kTerms = 1024;     // what is summed in float before it is added in double

// Row by row; `result` and `dz` are null without activation, `sums` where no bias wants them.
struct Rows {
  const float *dy, *result;
  float *dz, *sums;
  int64_t begin, end, n;
};

// V vectors of columns from `column` on; lanes counts those of a partial vector (V == 1).
template <int V>
void columns(const Rows& rows, int64_t column, int64_t lanes) {
  vf sum[V] = {};
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int v = 0; v < V; ++v) {
      const int64_t at = row * rows.n + column + v * kLanes;
      vf value = load(rows.dy + at, lanes);
      if (rows.result != nullptr) {
        value = select(load(rows.result + at, lanes) <= 0.0f, vf{}, value);  // a NaN's gradient passes
        store(rows.dz + at, value, lanes);
      }
      sum[v] += value;
    }
  }
  if (rows.sums == nullptr) return;
  for (int v = 0; v < V; ++v) store(rows.sums + column + v * kLanes, sum[v], lanes);
}

void all_columns(const Rows& rows) {
  int64_t column = 0;
  for (; column + 4 * kLanes <= rows.n; column += 4 * kLanes) columns<4>(rows, column, kLanes);
  for (; column + kLanes <= rows.n; column += kLanes) columns<1>(rows, column, kLanes);
  if (column < rows.n) columns<1>(rows, column, rows.n - column);
}

// dz[rows, n], and db if wanted. Returns null when memory is out.
const float* before_activation(Call& call, const View& dy, const View& result, const View& db, int64_t rows) {
  const float* up = dy.as<const float>();
  if (!result && !db) return up;
  const int64_t n = dy.dim(-1);
  const int64_t fit = n < kGrain ? kGrain / (n > 0 ? n : 1) : 1, step = fit < kTerms ? fit : kTerms;
  const int64_t chunks = (rows + step - 1) / step;
  float* dz = result ? call.workspace<float>(dy.count) : nullptr;
  float* sums = db ? call.workspace<float>(chunks * n) : nullptr;
  if ((result && dz == nullptr) || (db && sums == nullptr)) return nullptr;
  call.parallel_for(rows, step, [&](int64_t begin, int64_t end) {
    all_columns({up, result ? result.as<const float>() : nullptr, dz,
                 sums != nullptr ? sums + begin / step * n : nullptr, begin, end, n});
  });
  for (int64_t j = 0; db && j < n; ++j) {
    double total = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) total += static_cast<double>(sums[chunk * n + j]);
    db.as<float>()[j] = static_cast<float>(total);
  }
  return result ? dz : up;
}

}  // namespace

LANDBRIDGE_KERNEL(linearGradient, cpu, float32) {
  const View &x = call.in(0), &w = call.in(1), &dy = call.in(2), &y = call.in(3);
  const View &dx = call.out(0), &dw = call.out(1), &db = call.out(2);
  const int64_t k = w.dim(0), n = w.dim(1);
  int64_t rows = 1;
  for (int axis = 0; axis < dy.rank - 1; ++axis) rows *= dy.shape[axis];
  LANDBRIDGE_REQUIRE(x.count == rows * k && dy.count == rows * n && (!y || y.count == dy.count),
                     "expected x [..., k], w [k, n] and dy [..., n]");
  LANDBRIDGE_REQUIRE((!dx || dx.count == x.count) && (!dw || dw.count == w.count) && (!db || db.count == n),
                     "expected gradients of the shapes of x, w and the bias");
  const float* dz = before_activation(call, dy, y, db, rows);
  if (dz == nullptr && dy.count > 0) return;
  lb_gemm g{};
  g.lda = n, g.ldb = n, g.ldc = k, g.transpose_b = 1;
  g.m = rows, g.n = k, g.k = n;
  g.a = dz, g.b = w.as<const float>(), g.c = dx.as<float>();
  if (dx && dx.count > 0) call.gemm(g);
  g = {};
  g.lda = k, g.ldb = n, g.ldc = n, g.transpose_a = 1;
  g.m = k, g.n = n, g.k = rows;
  g.a = x.as<const float>(), g.b = dz, g.c = dw.as<float>();
  if (dw && dw.count > 0) call.gemm(g);
}
