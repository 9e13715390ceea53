// softmax, its logarithm, log-sum-exp and their gradients along the rows of [rows, n]. Params: n.
//
// With m = max x:  softmax = exp(x − m) / Σ exp(x − m),  log Σ exp x = m + log Σ exp(x − m).
#include "../cuda/exponentials.h"

namespace {

using landbridge::Call;
using landbridge::cuda::Global;
using landbridge::cuda::Stat;

// Ops on one input whose rows are reduced to a maximum and a sum of exponentials.
struct Exponentials {
  using Value = float;
  Global<const float> x;
  Global<float> y;

  __device__ float load(int64_t, int64_t at, int64_t) const { return x[at]; }
  template <int V, class Team>
  __device__ Stat stat(const Team& team, const float (&values)[V], int64_t, int64_t, int n) const {
    return landbridge::cuda::exponential_stat<V>(team, values, n);
  }
  template <class Team>
  __device__ Stat merge(const Team& team, Global<const float> parts, int pieces) const {
    return landbridge::cuda::merge_exponentials(team, parts, pieces);
  }
  __device__ Stat prepared(int64_t, const Stat& stat) const { return stat; }
  __device__ void put(int64_t, int64_t, float, const Stat&) const {}
  __device__ void finish(int64_t, const Stat&) const {}
};

struct Softmax : Exponentials {
  __device__ Stat prepared(int64_t, const Stat& stat) const {
    return {stat.shift, 1.0f / landbridge::cuda::proper_sum(stat), 0.0f, 0.0f};
  }
  __device__ void put(int64_t at, int64_t, float value, const Stat& stat) const {
    y[at] = expf(value - stat.shift) * stat.sum;
  }
};
struct LogSoftmax : Exponentials {
  __device__ Stat prepared(int64_t, const Stat& stat) const {
    return {stat.shift, logf(landbridge::cuda::proper_sum(stat)), 0.0f, 0.0f};
  }
  __device__ void put(int64_t at, int64_t, float value, const Stat& stat) const {
    y[at] = value - stat.shift - stat.sum;
  }
};
struct LogSumExp : Exponentials {
  __device__ void finish(int64_t row, const Stat& stat) const {
    y[row] = (landbridge::cuda::is_infinite(stat.shift) ? 0.0f : stat.shift) + logf(stat.sum);
  }
};

// Ops on y and dy whose rows are reduced to a sum.
struct Gradient {
  struct Value {
    float y, dy;
  };
  Global<const float> y, dy;
  Global<float> dx;

  __device__ Value load(int64_t, int64_t at, int64_t) const { return {y[at], dy[at]}; }
  template <class Team>
  __device__ Stat merge(const Team& team, Global<const float> parts, int pieces) const {
    float sum = 0;
    for (int i = team.index; i < pieces; i += team.count) sum += parts[i * landbridge::cuda::kStatSize + 1];
    return {0.0f, team.reduce(sum, 0.0f, landbridge::cuda::Plus()), 0.0f, 0.0f};
  }
  __device__ Stat prepared(int64_t, const Stat& stat) const { return stat; }
  __device__ void finish(int64_t, const Stat&) const {}
};

// y·(dy − Σ dy·y)
struct SoftmaxGradient : Gradient {
  template <int V, class Team>
  __device__ Stat stat(const Team& team, const Value (&values)[V], int64_t, int64_t, int n) const {
    const auto product = [](const Value& value, int) { return value.y * value.dy; };
    return {0.0f, landbridge::cuda::sum_values<V>(team, values, n, product), 0.0f, 0.0f};
  }
  __device__ void put(int64_t at, int64_t, const Value& value, const Stat& stat) const {
    dx[at] = value.y * (value.dy - stat.sum);
  }
};
// dy − exp(y)·Σ dy
struct LogSoftmaxGradient : Gradient {
  template <int V, class Team>
  __device__ Stat stat(const Team& team, const Value (&values)[V], int64_t, int64_t, int n) const {
    const auto slope = [](const Value& value, int) { return value.dy; };
    return {0.0f, landbridge::cuda::sum_values<V>(team, values, n, slope), 0.0f, 0.0f};
  }
  __device__ void put(int64_t at, int64_t, const Value& value, const Stat& stat) const {
    dx[at] = value.dy - expf(value.y) * stat.sum;
  }
};

template <class Op>
void of_rows(Call& call) {
  const int64_t n = call.integer(0);
  if (call.out(0).count == 0) return;
  Op op;
  op.x = landbridge::cuda::global<const float>(call.in(0));
  op.y = landbridge::cuda::global<float>(call.out(0));
  landbridge::cuda::each_row(call, call.out(0).count / n, n, op);
}

template <class Op>
void gradient_of_rows(Call& call) {
  const int64_t n = call.integer(0);
  if (call.out(0).count == 0) return;
  Op op;
  op.y = landbridge::cuda::global<const float>(call.in(0));
  op.dy = landbridge::cuda::global<const float>(call.in(1));
  op.dx = landbridge::cuda::global<float>(call.out(0));
  landbridge::cuda::each_row(call, call.out(0).count / n, n, op);
}

}  // namespace

LANDBRIDGE_KERNEL(softmaxRows, cuda, float32) {
  of_rows<Softmax>(call);
}
LANDBRIDGE_KERNEL(logSoftmaxRows, cuda, float32) {
  of_rows<LogSoftmax>(call);
}
LANDBRIDGE_KERNEL(softmaxGradient, cuda, float32) {
  gradient_of_rows<SoftmaxGradient>(call);
}
LANDBRIDGE_KERNEL(logSoftmaxGradient, cuda, float32) {
  gradient_of_rows<LogSoftmaxGradient>(call);
}
LANDBRIDGE_KERNEL(logSumExpRows, cuda, float32) {
  LogSumExp op;
  op.x = landbridge::cuda::global<const float>(call.in(0));
  op.y = landbridge::cuda::global<float>(call.out(0));
  landbridge::cuda::each_row(call, call.out(0).count, call.integer(0), op);
}
