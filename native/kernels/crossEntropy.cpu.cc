// Cross entropy of rows of logits against classes, with its gradient in the same pass.
//
// With l = log Σ exp x and coefficients a_k = (1 − s)·w_y·[k = y] + s·w_k/c (s: label smoothing, w: class
// weights, 1 where absent) the loss of a row is Σ_k a_k (l − x_k), its gradient Σ a · softmax(x) − a.
// Inputs: logits [rows, c], classes int32 [rows], weights [c] (may be absent). Outputs: the loss, per row or
// of all; the gradient of each row's part (may be absent). Params: c, reduction (0 none, 1 sum, 2 mean over
// the weights of the rows' classes), s.
#include "../cpu/math.h"
#include "../cpu/rows.h"
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
namespace simd = lb::simd;
using simd::vf;

constexpr int64_t kGrain = 1 << 14;  // elements per chunk

enum Reduction { kNone, kSum, kMean };

struct Problem {
  int64_t rows, classes;
  const float* logits;
  const int32_t* targets;
  const float* weights;  // null: all 1
  double smoothing, weight_sum;

  double weight(int64_t k) const { return weights == nullptr ? 1.0 : static_cast<double>(weights[k]); }
};

// Σ exp(x − m); keeps the exponentials unless `kept` is null.
double sum_of_exp(const float* x, int64_t n, float m, float* kept) {
  return lb::row_sum(n, [=](int64_t i, int64_t lanes) LB_INLINED {
    vf e = simd::exp(lb::load_lanes(x + i, lanes) - m);
    if (kept != nullptr) lb::store_lanes(kept + i, e, lanes);
    return lanes == simd::kLanes ? e : lb::replace_rest(e, lanes, 0);
  });
}

// The loss of one row; writes factor times its gradient unless that is null.
double row_loss(const Problem& p, int64_t row, double factor, float* gradient) {
  const float* x = p.logits + row * p.classes;
  const int64_t y = p.targets[row];
  const float m = lb::row_maximum(x, p.classes);
  const double sum = sum_of_exp(x, p.classes, m, gradient), shift = __builtin_log(sum);
  const double of_target = (1 - p.smoothing) * p.weight(y),
               share = p.smoothing / static_cast<double>(p.classes);
  double loss = of_target * (shift - (static_cast<double>(x[y]) - m));
  for (int64_t k = 0; p.smoothing > 0 && k < p.classes; ++k) {
    loss += share * p.weight(k) * (shift - (static_cast<double>(x[k]) - m));
  }
  if (gradient == nullptr) return loss;
  const double total = of_target + share * p.weight_sum;
  const float scale = static_cast<float>(total * factor / sum), smooth = static_cast<float>(share * factor);
  lb::each_vector(0, p.classes, [=](int, int64_t i, int64_t lanes) LB_INLINED {
    vf g = scale * lb::load_lanes(gradient + i, lanes);
    if (p.smoothing > 0) {
      g -= p.weights == nullptr ? simd::splat(smooth) : smooth * lb::load_lanes(p.weights + i, lanes);
    }
    lb::store_lanes(gradient + i, g, lanes);
  });
  gradient[y] -= static_cast<float>(of_target * factor);
  return loss;
}

// Whether all classes exist; if not, the call has failed.
bool check_classes(Call& call, const Problem& p) {
  for (int64_t row = 0; row < p.rows; ++row) {
    if (p.targets[row] >= 0 && p.targets[row] < p.classes) continue;
    char message[96];
    __builtin_snprintf(message, sizeof message, "expected classes from 0 to %lld, received %d",
                       static_cast<long long>(p.classes - 1), p.targets[row]);
    call.fail(message);
    return false;
  }
  return true;
}

void all_rows(Call& call, const Problem& p, double factor, double* losses) {
  float* gradient = call.out(1) ? call.out(1).as<float>() : nullptr;
  call.parallel_for(p.rows, p.classes >= kGrain ? 1 : kGrain / p.classes, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      losses[row] = row_loss(p, row, factor, gradient == nullptr ? nullptr : gradient + row * p.classes);
    }
  });
}

}  // namespace

LANDBRIDGE_KERNEL(crossEntropy, cpu, float32) {
  Problem p{call.in(1).count,
            call.integer(0),
            call.in(0).as<const float>(),
            call.in(1).as<const int32_t>(),
            call.in(2) ? call.in(2).as<const float>() : nullptr,
            call.param(2),
            0};
  if (!check_classes(call, p)) return;
  for (int64_t k = 0; k < p.classes; ++k) p.weight_sum += p.weight(k);
  double divisor = 0;
  for (int64_t row = 0; row < p.rows; ++row) divisor += p.weight(p.targets[row]);
  const int64_t reduction = call.integer(1);
  const double factor = reduction == kMean ? 1 / divisor : 1;
  double* losses = call.workspace<double>(p.rows + 1);
  if (losses == nullptr) return;
  all_rows(call, p, factor, losses);
  float* out = call.out(0).as<float>();
  if (reduction == kNone) {
    for (int64_t row = 0; row < p.rows; ++row) out[row] = static_cast<float>(losses[row]);
    return;
  }
  double sum = 0;
  for (int64_t row = 0; row < p.rows; ++row) sum += losses[row];
  *out = static_cast<float>(reduction == kMean ? sum / divisor : sum);
}
