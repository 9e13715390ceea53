// Batch normalisation over the rows of x[rows, C]:  y = gamma·(x − mean)/√(variance + epsilon) + beta.
// Moments are of centred data, thread by thread; those of threads and blocks combine in a fixed order.
#include "../cuda/columns.h"
#include "../cuda/elementwise.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::global;
using landbridge::cuda::Global;
using landbridge::cuda::kAhead;
using landbridge::cuda::Moments;
using landbridge::cuda::Sums;

// y = (x − shift)·scale + offset per channel. The mean is split into a float and what that lacks, which goes
// into the offset: far from zero a float alone would move every y.
struct Affine {
  using Value = float;
  struct Channel {
    float shift, scale, offset;
  };
  Global<const float> x, gamma, beta;  // gamma and beta: null where absent
  Global<float> y, shift, scale, offset;
  double epsilon;

  __device__ void set(int64_t i, double mean, double variance) const {
    const double slope = (gamma ? gamma[i] : 1.0) / sqrt(variance + epsilon);
    const float centre = static_cast<float>(mean);
    shift[i] = centre;
    scale[i] = static_cast<float>(slope);
    offset[i] = static_cast<float>((beta ? beta[i] : 0.0) - (mean - static_cast<double>(centre)) * slope);
  }
  __device__ Channel channel(int64_t c) const { return {shift[c], scale[c], offset[c]}; }
  __device__ float load(int64_t at) const { return x[at]; }
  __device__ void put(int64_t at, float value, const Channel& c) const {
    y[at] = (value - c.shift) * c.scale + c.offset;
  }
};

// False when memory is out.
bool prepare(Call& call, const View& x, const View& gamma, const View& beta, int64_t channels,
             Affine& affine) {
  affine = {global<const float>(x),
            global<const float>(gamma),
            global<const float>(beta),
            global<float>(call.out(0)),
            landbridge::cuda::scratch<float>(call, 3 * channels),
            {},
            {},
            call.param(0)};
  if (!affine.shift) return false;
  affine.scale = affine.shift + channels;
  affine.offset = affine.scale + channels;
  return true;
}

// The shift is the mean of a thread's first rows. By Cauchy and Schwarz its distance from the mean is at most
// √(rows/8) standard deviations, so that what is subtracted in the end is at most 32 times what is left.
struct Train {
  using Part = Moments;
  Affine affine;
  Global<float> mean, variance;
  int64_t channels;

  __device__ Moments part(int64_t first, int64_t end, int64_t step, int64_t channel) const {
    float shift = 0, sum = 0, squares = 0;
    for (int64_t row = first; row < end; row += kAhead * step) {
      float ahead[kAhead];
      for (int k = 0; k < kAhead; ++k) {
        const int64_t at = row + k * step;
        ahead[k] = at < end ? affine.x[at * channels + channel] : 0.0f;
      }
      if (row == first) shift = mean_of(ahead, (end - first + step - 1) / step);
      for (int k = 0; k < kAhead; ++k) {
        const float deviation = row + k * step < end ? ahead[k] - shift : 0.0f;
        sum += deviation;
        squares += deviation * deviation;
      }
    }
    return centred(static_cast<double>((end - first + step - 1) / step), shift, sum, squares);
  }
  // Values past the end are zeros.
  __device__ static float mean_of(const float (&values)[kAhead], int64_t rows) {
    float sum = 0;
    for (int k = 0; k < kAhead; ++k) sum += values[k];
    return sum / static_cast<float>(rows < kAhead ? rows : kAhead);
  }
  __device__ static Moments centred(double count, double shift, double sum, double squares) {
    Moments moments;
    if (count <= 0) return moments;
    const double rest = sum / count, left = squares - rest * sum;
    moments.of[0] = count;
    moments.of[1] = shift + rest;
    moments.of[2] = left < 0 ? 0 : left;  // rounding may leave a trace below zero
    return moments;
  }
  __device__ void finish(int64_t c, const Moments& moments) const {
    const double centre = moments.of[1], spread = moments.of[2] / moments.of[0];
    affine.set(c, centre, spread);
    mean[c] = static_cast<float>(centre);
    variance[c] = static_cast<float>(spread);
  }
};

// dx = scale·dy − (x − mean)·slope − level per channel, from Σ dy and Σ dy·(x − mean).
struct Gradient {
  using Part = Sums;
  struct Value {
    float dy, x;
  };
  struct Channel {
    float mean, scale, slope, level;
  };
  Global<const float> dy, x, mean, variance, gamma;  // gamma: null where absent
  Global<float> dx, dgamma, dbeta;                   // null where not wanted
  Global<float> factors;                             // scale, slope and level
  int64_t rows, channels;
  double epsilon;

  __device__ Sums part(int64_t first, int64_t end, int64_t step, int64_t channel) const {
    const float centre = mean[channel];
    float plain = 0, weighed = 0;
    for (int64_t row = first; row < end; row += kAhead / 2 * step) {
      Value ahead[kAhead / 2];
      for (int k = 0; k < kAhead / 2; ++k) {
        const int64_t at = row + k * step;
        ahead[k] = at < end ? load(at * channels + channel) : Value{0.0f, centre};
      }
      for (const Value& value : ahead) {
        plain += value.dy;
        weighed += value.dy * (value.x - centre);
      }
    }
    Sums sums;
    sums.of[0] = plain, sums.of[1] = weighed;
    return sums;
  }
  __device__ void finish(int64_t c, const Sums& sums) const {
    const double share = 1.0 / static_cast<double>(rows), inverse = 1.0 / sqrt(variance[c] + epsilon);
    const double scale = gamma ? inverse * gamma[c] : inverse;
    factors[c] = static_cast<float>(scale);
    factors[channels + c] = static_cast<float>(scale * inverse * inverse * sums.of[1] * share);
    factors[2 * channels + c] = static_cast<float>(scale * sums.of[0] * share);
    if (dgamma) dgamma[c] = static_cast<float>(sums.of[1] * inverse);
    if (dbeta) dbeta[c] = static_cast<float>(sums.of[0]);
  }
  __device__ Channel channel(int64_t c) const {
    return {mean[c], factors[c], factors[channels + c], factors[2 * channels + c]};
  }
  __device__ Value load(int64_t at) const { return {dy[at], x[at]}; }
  __device__ void put(int64_t at, const Value& value, const Channel& c) const {
    dx[at] = c.scale * value.dy - (value.x - c.mean) * c.slope - c.level;
  }
};

bool per_channel(const View& view, int64_t channels) {
  return !view || view.count == channels;
}

}  // namespace

// Inputs: x, gamma, beta (both optional). Outputs: y, mean, variance (over n). Param: epsilon.
LANDBRIDGE_KERNEL(batchNormTrain, cuda, float32) {
  const View &x = call.in(0), &gamma = call.in(1), &beta = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank >= 1, "expected x[..., C]");
  const int64_t channels = x.dim(-1), rows = channels > 0 ? x.count / channels : 0;
  LANDBRIDGE_REQUIRE(per_channel(gamma, channels) && per_channel(beta, channels),
                     "expected one gamma and beta per channel");
  LANDBRIDGE_REQUIRE(rows > 0 || channels == 0, "expected at least one row");
  if (channels == 0) return;
  Affine affine;
  if (!prepare(call, x, gamma, beta, channels, affine)) return;
  const Train train{affine, global<float>(call.out(1)), global<float>(call.out(2)), channels};
  landbridge::cuda::reduce_channels(call, rows, channels, train);
  landbridge::cuda::each_value(call, rows, channels, affine);
}

// Inputs: x, mean, variance, gamma, beta (the last two optional). Output: y. Param: epsilon.
LANDBRIDGE_KERNEL(batchNormInfer, cuda, float32) {
  const View &x = call.in(0), &means = call.in(1), &variances = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank >= 1, "expected x[..., C]");
  const int64_t channels = x.dim(-1);
  LANDBRIDGE_REQUIRE(means.count == channels && variances.count == channels &&
                         per_channel(call.in(3), channels) && per_channel(call.in(4), channels),
                     "expected one mean, variance, gamma and beta per channel");
  if (x.count == 0) return;
  Affine affine;
  if (!prepare(call, x, call.in(3), call.in(4), channels, affine)) return;
  const auto mean = global<const float>(means), variance = global<const float>(variances);
  landbridge::cuda::each(call, channels, [=] __device__(int64_t c) { affine.set(c, mean[c], variance[c]); });
  landbridge::cuda::each_value(call, x.count / channels, channels, affine);
}

// Inputs: dy, x, mean, variance, gamma (optional). Outputs, each optional: dx, dgamma, dbeta. Param: epsilon.
LANDBRIDGE_KERNEL(batchNormGradient, cuda, float32) {
  const View &x = call.in(1), &mean = call.in(2), &variance = call.in(3), &gamma = call.in(4);
  const int64_t channels = x.rank > 0 ? x.dim(-1) : 0;
  LANDBRIDGE_REQUIRE(call.in(0).count == x.count && mean.count == channels && variance.count == channels &&
                         per_channel(gamma, channels),
                     "expected dy and x of one shape, and one mean, variance and gamma per channel");
  if (x.count == 0) return;
  const auto factors = landbridge::cuda::scratch<float>(call, 3 * channels);
  if (!factors) return;
  const Gradient gradient{global<const float>(call.in(0)),
                          global<const float>(x),
                          global<const float>(mean),
                          global<const float>(variance),
                          global<const float>(gamma),
                          global<float>(call.out(0)),
                          global<float>(call.out(1)),
                          global<float>(call.out(2)),
                          factors,
                          x.count / channels,
                          channels,
                          call.param(0)};
  landbridge::cuda::reduce_channels(call, gradient.rows, channels, gradient);
  if (gradient.dx) landbridge::cuda::each_value(call, gradient.rows, channels, gradient);
}
