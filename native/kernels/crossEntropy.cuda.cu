// Cross entropy of rows of logits against classes, with its gradient in the same pass.
//
// With l = log Σ exp x and coefficients a_k = (1 − s)·w_y·[k = y] + s·w_k/c (s: label smoothing, w: class
// weights, 1 where absent) the loss of a row is Σ_k a_k (l − x_k), its gradient Σ a · softmax(x) − a.
// Inputs: logits [rows, c], classes int32 [rows], weights [c] (may be absent). Outputs: the loss, per row or
// of all; the gradient of each row's part (may be absent). Params: c, reduction (0 none, 1 sum, 2 mean over
// the weights of the rows' classes), s.
#include <cstdio>

#include "../cuda/exponentials.h"
#include "../cuda/sum_terms.h"

namespace {

using landbridge::Call;
using landbridge::cuda::Global;
using landbridge::cuda::Stat;

enum Reduction { kNone, kSum, kMean };

// The classes of rows and their weights; a class that does not exist is reported, and taken for the nearest.
struct Classes {
  int64_t count;
  Global<const int32_t> targets;
  Global<const float> weights;  // null: all 1
  landbridge::cuda::Report unknown;

  __device__ int at(int64_t row) const {
    const int target = targets[row];
    if (target >= 0 && target < count) return target;
    unknown.fail(target);
    return target < 0 ? 0 : static_cast<int>(count - 1);
  }
  __device__ float weight(int64_t k) const { return weights ? weights[k] : 1.0f; }
};

// What the mean divides by: the weights of all rows' classes, known beforehand where all are 1.
struct Divisor {
  Global<double> sum;
  double value;
  __device__ double get() const { return sum ? sum[0] : value; }
};

// Of a row: shift and sum as in softmax, bent = Σ w_k (shift − x_k), weight = Σ w_k.
struct CrossEntropy {
  using Value = float;
  struct Prepared {
    int target;
    float shift, scale, smooth, of_target;
  };
  Classes classes;
  Divisor divisor;
  Global<const float> logits;
  Global<float> losses, gradient;  // gradient: null when not wanted
  float smoothing;

  __device__ float load(int64_t, int64_t at, int64_t) const { return logits[at]; }
  __device__ float share() const { return smoothing / static_cast<float>(classes.count); }

  template <int V, class Team>
  __device__ Stat stat(const Team& team, const float (&x)[V], int64_t, int64_t first, int n) const {
    Stat stat = landbridge::cuda::exponential_stat<V>(team, x, n);
    if (smoothing > 0) {
      const float m = stat.shift;
      const Classes& of = classes;
      stat.bent = landbridge::cuda::sum_values<V>(
          team, x, n, [&](float value, int i) { return of.weight(first + i) * (m - value); });
      stat.weight =
          landbridge::cuda::sum_values<V>(team, x, n, [&](float, int i) { return of.weight(first + i); });
    }
    return stat;
  }
  template <class Team>
  __device__ Stat merge(const Team& team, Global<const float> parts, int pieces) const {
    Stat stat = landbridge::cuda::merge_exponentials(team, parts, pieces);
    if (smoothing > 0) {
      for (int i = team.index; i < pieces; i += team.count) {
        const Global<const float> part = parts + i * landbridge::cuda::kStatSize;
        stat.bent += part[2] + part[3] * (stat.shift - part[0]);
        stat.weight += part[3];
      }
      stat.bent = team.reduce(stat.bent, 0.0f, landbridge::cuda::Plus());
      stat.weight = team.reduce(stat.weight, 0.0f, landbridge::cuda::Plus());
    }
    return stat;
  }

  __device__ Prepared prepared(int64_t row, const Stat& stat) const {
    if (!gradient) return {};
    const int target = classes.at(row);
    const float factor = static_cast<float>(1.0 / divisor.get());
    const float of_target = (1 - smoothing) * classes.weight(target);
    const float total = of_target + share() * stat.weight;
    return {target, stat.shift, total * factor / landbridge::cuda::proper_sum(stat), share() * factor,
            of_target * factor};
  }
  __device__ void put(int64_t at, int64_t k, float x, const Prepared& row) const {
    if (!gradient) return;
    float slope = row.scale * expf(x - row.shift);
    if (smoothing > 0) slope -= row.smooth * classes.weight(k);
    gradient[at] = k == row.target ? slope - row.of_target : slope;
  }
  __device__ void finish(int64_t row, const Stat& stat) const {
    const int target = classes.at(row);
    const float shift = logf(landbridge::cuda::proper_sum(stat)), x = logits[row * classes.count + target];
    float loss = (1 - smoothing) * classes.weight(target) * (shift - (x - stat.shift));
    if (smoothing > 0) loss += share() * (stat.weight * shift + stat.bent);
    losses[row] = loss;
  }
};

struct KeepSum {
  Global<double> sum;
  __device__ void operator()(int64_t, double total) const { sum[0] = total; }
};
struct Quotient {
  Global<float> out;
  Divisor divisor;
  __device__ void operator()(int64_t, double total) const {
    out[0] = static_cast<float>(total / divisor.get());
  }
};

// False when memory is out.
bool sum_weights(Call& call, const Classes& classes, int64_t rows, Divisor& divisor) {
  divisor.sum = landbridge::cuda::scratch<double>(call, 1);
  if (!divisor.sum) return false;
  landbridge::cuda::sum_terms(
      call, rows, [=] __device__(int64_t row) { return classes.weight(classes.at(row)); },
      KeepSum{divisor.sum});
  return true;
}

landbridge::cuda::Report unknown_class(Call& call, int64_t classes) {
  char message[96];
  std::snprintf(message, sizeof message, "expected classes from 0 to %lld, received %%d",
                static_cast<long long>(classes - 1));
  return landbridge::cuda::report(call, message);
}

}  // namespace

LANDBRIDGE_KERNEL(crossEntropy, cuda, float32) {
  const int64_t rows = call.in(1).count, reduction = call.integer(1), count = call.integer(0);
  const Classes classes{count, landbridge::cuda::global<const int32_t>(call.in(1)),
                        landbridge::cuda::global<const float>(call.in(2)), unknown_class(call, count)};
  Divisor divisor{{}, reduction == kMean ? static_cast<double>(rows) : 1.0};
  if (reduction == kMean && classes.weights && !sum_weights(call, classes, rows, divisor)) return;
  const auto out = landbridge::cuda::global<float>(call.out(0));
  const auto losses = reduction == kNone ? out : landbridge::cuda::scratch<float>(call, rows + 1);
  if (!losses && rows > 0) return;
  const CrossEntropy op{classes,
                        divisor,
                        landbridge::cuda::global<const float>(call.in(0)),
                        losses,
                        landbridge::cuda::global<float>(call.out(1)),
                        static_cast<float>(call.param(2))};
  landbridge::cuda::each_row(call, rows, count, op);
  if (reduction == kNone) return;
  landbridge::cuda::sum_terms(
      call, rows, [=] __device__(int64_t row) { return losses[row]; }, Quotient{out, divisor});
}
