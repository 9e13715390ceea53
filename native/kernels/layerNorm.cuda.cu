// Layer normalisation of each row of x[rows, size]:  y = gamma·(x − mean)/√(variance + epsilon) + beta.
// Param 0: size, the number of elements that are normalised together; param 1: epsilon.
#include "../cuda/columns.h"
#include "../cuda/rows.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::global;
using landbridge::cuda::Global;
using landbridge::cuda::Plus;
using landbridge::cuda::Stat;

// Stat: a float near the mean (shift), Σ (x − shift), Σ (x − shift)², and how many. The float only shifts the
// data: what it lacks, the deviations give back.
struct LayerNorm {
  using Value = float;
  struct Prepared {
    float shift, rest, inverse;
  };
  Global<const float> x, gamma, beta;  // gamma and beta: null where absent
  Global<float> y, means, inverses;    // means and inverses: null where not wanted
  float epsilon;

  __device__ float load(int64_t, int64_t at, int64_t) const { return x[at]; }
  template <int V, class Team>
  __device__ Stat stat(const Team& team, const float (&values)[V], int64_t, int64_t, int n) const {
    const float count = static_cast<float>(n);
    const float shift =
        landbridge::cuda::sum_values<V>(team, values, n, [](float v, int) { return v; }) / count;
    const float first =
        landbridge::cuda::sum_values<V>(team, values, n, [=](float v, int) { return v - shift; });
    const auto square = [=](float v, int) { return (v - shift) * (v - shift); };
    return {shift, first, landbridge::cuda::sum_values<V>(team, values, n, square), count};
  }
  // Of pieces, all moved to the first one's shift.
  template <class Team>
  __device__ Stat merge(const Team& team, Global<const float> parts, int pieces) const {
    const float shift = parts[0];
    double first = 0, second = 0, count = 0;
    for (int i = team.index; i < pieces; i += team.count) {
      const Global<const float> part = parts + i * landbridge::cuda::kStatSize;
      const double move = static_cast<double>(part[0]) - shift, sum = part[1];
      first += sum + part[3] * move;
      second += part[2] + move * (2 * sum + part[3] * move);
      count += part[3];
    }
    first = team.reduce(first, 0.0, Plus()), second = team.reduce(second, 0.0, Plus());
    return {shift, static_cast<float>(first), static_cast<float>(second),
            static_cast<float>(team.reduce(count, 0.0, Plus()))};
  }
  __device__ Prepared prepared(int64_t, const Stat& stat) const {
    const float rest = stat.sum / stat.weight, variance = stat.bent / stat.weight - rest * rest;
    // rounding may leave a trace below zero
    return {stat.shift, rest, 1.0f / sqrtf((variance < 0 ? 0.0f : variance) + epsilon)};
  }
  __device__ void put(int64_t at, int64_t i, float value, const Prepared& row) const {
    float normal = (value - row.shift) * row.inverse - row.rest * row.inverse;
    if (gamma) normal *= gamma[i];
    if (beta) normal += beta[i];
    y[at] = normal;
  }
  __device__ void finish(int64_t row, const Stat& stat) const {
    const Prepared of = prepared(row, stat);
    if (means) means[row] = of.shift + of.rest;
    if (inverses) inverses[row] = of.inverse;
  }
};

// dx = inverse·(g − mean(g) − x̂·mean(g·x̂)) with g = dy·gamma. Stat: Σ g as sum, Σ g·x̂ as bent.
struct RowGradient {
  struct Value {
    float g, normal;
  };
  struct Prepared {
    float level, slope, inverse;
  };
  Global<const float> dy, x, means, inverses, gamma;  // gamma: null where absent
  Global<float> dx;
  float size;

  __device__ Value load(int64_t row, int64_t at, int64_t i) const {
    return {gamma ? dy[at] * gamma[i] : dy[at], (x[at] - means[row]) * inverses[row]};
  }
  template <int V, class Team>
  __device__ Stat stat(const Team& team, const Value (&values)[V], int64_t, int64_t, int n) const {
    const float sum =
        landbridge::cuda::sum_values<V>(team, values, n, [](const Value& v, int) { return v.g; });
    const auto product = [](const Value& v, int) { return v.g * v.normal; };
    return {0.0f, sum, landbridge::cuda::sum_values<V>(team, values, n, product), 0.0f};
  }
  template <class Team>
  __device__ Stat merge(const Team& team, Global<const float> parts, int pieces) const {
    float sum = 0, bent = 0;
    for (int i = team.index; i < pieces; i += team.count) {
      sum += parts[i * landbridge::cuda::kStatSize + 1];
      bent += parts[i * landbridge::cuda::kStatSize + 2];
    }
    sum = team.reduce(sum, 0.0f, Plus());
    return {0.0f, sum, team.reduce(bent, 0.0f, Plus()), 0.0f};
  }
  __device__ Prepared prepared(int64_t row, const Stat& stat) const {
    return {stat.sum / size, stat.bent / size, inverses[row]};
  }
  __device__ void put(int64_t at, int64_t, const Value& value, const Prepared& row) const {
    dx[at] = (value.g - row.level - value.normal * row.slope) * row.inverse;
  }
  __device__ void finish(int64_t, const Stat&) const {}
};

// dgamma = Σ dy·x̂ and dbeta = Σ dy over the rows.
struct ParameterGradient {
  using Part = landbridge::cuda::Sums;
  Global<const float> dy, x, means, inverses;
  Global<float> dgamma, dbeta;  // null where not wanted
  int64_t size;

  __device__ Part part(int64_t first, int64_t end, int64_t step, int64_t column) const {
    constexpr int kAhead = landbridge::cuda::kAhead / 2;
    float plain = 0, weighed = 0;
    for (int64_t row = first; row < end; row += kAhead * step) {
      float up[kAhead], normal[kAhead];
      for (int k = 0; k < kAhead; ++k) {
        const int64_t at = row + k * step < end ? row + k * step : first;
        up[k] = row + k * step < end ? dy[at * size + column] : 0.0f;
        normal[k] = row + k * step < end ? (x[at * size + column] - means[at]) * inverses[at] : 0.0f;
      }
      for (int k = 0; k < kAhead; ++k) plain += up[k], weighed += up[k] * normal[k];
    }
    Part sums;
    sums.of[0] = weighed, sums.of[1] = plain;
    return sums;
  }
  __device__ void finish(int64_t column, const Part& sums) const {
    if (dgamma) dgamma[column] = static_cast<float>(sums.of[0]);
    if (dbeta) dbeta[column] = static_cast<float>(sums.of[1]);
  }
};

bool of_size(const View& view, int64_t size) {
  return !view || view.count == size;
}

}  // namespace

// Inputs: x, gamma, beta (both optional). Outputs: y, and per row the mean and 1/√(variance + epsilon), both
// optional.
LANDBRIDGE_KERNEL(layerNorm, cuda, float32) {
  const View& x = call.in(0);
  const int64_t size = call.integer(0);
  LANDBRIDGE_REQUIRE(of_size(call.in(1), size) && of_size(call.in(2), size),
                     "expected gamma and beta of the normalised size");
  if (x.count == 0) return;
  LANDBRIDGE_REQUIRE(size > 0 && x.count % size == 0, "expected whole rows");
  const LayerNorm op{global<const float>(x),           global<const float>(call.in(1)),
                     global<const float>(call.in(2)),  global<float>(call.out(0)),
                     global<float>(call.out(1)),       global<float>(call.out(2)),
                     static_cast<float>(call.param(1))};
  landbridge::cuda::each_row(call, x.count / size, size, op);
}

// Inputs: dy, x, mean, inverse, gamma (optional). Outputs, each optional: dx, dgamma, dbeta.
LANDBRIDGE_KERNEL(layerNormGradient, cuda, float32) {
  const int64_t size = call.integer(0), count = call.in(1).count;
  if (size == 0) return;
  LANDBRIDGE_REQUIRE(size > 0 && count % size == 0 && call.in(0).count == count &&
                         call.in(2).count * size == count && call.in(3).count * size == count &&
                         of_size(call.in(4), size),
                     "expected dy and x of one shape, and one mean and inverse per row");
  const auto dy = global<const float>(call.in(0)), x = global<const float>(call.in(1));
  const auto means = global<const float>(call.in(2)), inverses = global<const float>(call.in(3));
  const auto gamma = global<const float>(call.in(4));
  const auto dx = global<float>(call.out(0)), dgamma = global<float>(call.out(1)),
             dbeta = global<float>(call.out(2));
  const RowGradient of_rows{dy, x, means, inverses, gamma, dx, static_cast<float>(size)};
  if (dx) landbridge::cuda::each_row(call, count / size, size, of_rows);
  if (!dgamma && !dbeta) return;
  landbridge::cuda::reduce_channels(call, count / size, size,
                                    ParameterGradient{dy, x, means, inverses, dgamma, dbeta, size});
}
