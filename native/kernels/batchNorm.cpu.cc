// Batch normalisation over the rows of x[rows, C]:  y = gamma·(x − mean)/√(variance + epsilon) + beta.
// Moments are of centred data, chunk by chunk; chunks combine in order (Chan, Golub and LeVeque 1979).
#include "../cpu/rows.h"
#include "../cpu/write_out.h"

namespace {

using landbridge::Call;
using landbridge::View;
namespace simd = lb::simd;
using simd::vf;

constexpr int kVectors = 4;  // vectors of channels carried at once, in registers
constexpr int64_t kBlock = kVectors * simd::kLanes;
constexpr int64_t kProbe = 16;               // rows whose mean shifts a chunk
constexpr int64_t kChunk = 1 << 14;          // elements of one partial result …
constexpr int64_t kLeast = 16, kMost = 256;  // … and bounds on its rows: a float sums at most 256 terms

struct Rows {
  int64_t count, channels, chunk, chunks;

  explicit Rows(const View& x) {
    channels = x.dim(-1);
    count = channels > 0 ? x.count / channels : 0;
    chunk = channels > 0 ? kChunk / channels : kMost;
    chunk = chunk < kLeast ? kLeast : (chunk > kMost ? kMost : chunk);
    chunks = (count + chunk - 1) / chunk;
  }
  int64_t size(int64_t index) const { return count - index * chunk < chunk ? count - index * chunk : chunk; }
  int64_t row_grain() const { return kChunk / channels > 0 ? kChunk / channels : 1; }
};

template <int V>
struct Vectors {
  static constexpr int count = V;
};

// Calls f(Vectors<V>{}, chunk, first channel, lanes) for blocks of V vectors of channels, of which only a
// single one may be partial; chunks in parallel.
template <class F>
void for_each_block(Call& call, const Rows& rows, F f) {
  const int64_t elements = rows.chunk * rows.channels, grain = elements < kChunk ? kChunk / elements : 1;
  call.parallel_for(rows.chunks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      int64_t c = 0;
      for (; c + kBlock <= rows.channels; c += kBlock) f(Vectors<kVectors>{}, chunk, c, simd::kLanes);
      for (; c < rows.channels; c += simd::kLanes) {
        f(Vectors<1>{}, chunk, c, rows.channels - c < simd::kLanes ? rows.channels - c : simd::kLanes);
      }
    }
  });
}

// Mean and sum of squared deviations of V vectors of columns over `rows` rows, in one pass over shifted data.
// The shift is the mean of the first rows. By Cauchy and Schwarz its distance from the mean is at most
// √(rows/16) standard deviations, so that what is subtracted in the end is at most 16 times what is left.
template <int V>
void block_moments(const float* x, int64_t rows, int64_t stride, int64_t lanes, double* mean,
                   double* squares) {
  vf shift[V] = {}, first[V] = {}, second[V] = {};
  const int64_t probe = rows < kProbe ? rows : kProbe;
  for (int64_t row = 0; row < probe; ++row) {
    for (int v = 0; v < V; ++v) shift[v] += lb::load_lanes(x + row * stride + v * simd::kLanes, lanes);
  }
  for (int v = 0; v < V; ++v) shift[v] /= static_cast<float>(probe);
  for (int64_t row = 0; row < rows; ++row) {
    for (int v = 0; v < V; ++v) {
      const vf deviation = lb::load_lanes(x + row * stride + v * simd::kLanes, lanes) - shift[v];
      first[v] += deviation;
      second[v] += deviation * deviation;
    }
  }
  float of[3][V * simd::kLanes];
  for (int v = 0; v < V; ++v) {
    simd::store(of[0] + v * simd::kLanes, shift[v]);
    simd::store(of[1] + v * simd::kLanes, first[v]);
    simd::store(of[2] + v * simd::kLanes, second[v]);
  }
  const double n = static_cast<double>(rows);
  for (int64_t i = 0; i < (V - 1) * simd::kLanes + lanes; ++i) {
    const double rest = of[1][i], square = of[2][i] - rest * rest / n;
    mean[i] = of[0][i] + rest / n;
    squares[i] = square < 0 ? 0 : square;  // rounding may leave a trace below zero
  }
}

// Partial moments lie as [chunk][mean, squares][channel]; the total ends up in chunk 0.
void combine_moments(const Rows& rows, double* moments) {
  const int64_t c = rows.channels;
  double* mean = moments;
  double* squares = moments + c;
  double seen = static_cast<double>(rows.size(0));
  for (int64_t chunk = 1; chunk < rows.chunks; ++chunk) {
    const double more = static_cast<double>(rows.size(chunk)), share = more / (seen + more);
    const double* part = moments + chunk * 2 * c;
    for (int64_t i = 0; i < c; ++i) {
      const double delta = part[i] - mean[i];
      mean[i] += delta * share;
      squares[i] += part[c + i] + delta * delta * seen * share;
    }
    seen += more;
  }
}

// y[first + at] = f(first, at, lanes) for the channels from `at` on of every row, which begins at `first`.
// The last rows come first: the pass before this one ended there, and left them in the cache.
template <class F>
void for_each_row(Call& call, const Rows& rows, float* y, const F& f) {
  const int64_t channels = rows.channels, grain = rows.row_grain(), chunks = (rows.count + grain - 1) / grain;
  const bool past = lb::past_cache(call.out(0), sizeof(float));
  call.parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t first = (chunks - 1 - chunk) * grain;
      const int64_t size = rows.count - first < grain ? rows.count - first : grain;
      lb::write_rows(y + first * channels, size, channels, past, [&](float* target, int64_t row) LB_INLINED {
        lb::each_vector(0, channels, [&](int, int64_t at, int64_t lanes) LB_INLINED {
          lb::store_lanes(target + at, f((first + row) * channels, at, lanes), lanes);
        });
      });
    }
  });
}

// y = (x − shift)·scale + offset per channel. The mean is split into a float and what that lacks, which goes
// into the offset: far from zero a float alone would move every y.
struct Affine {
  float *shift, *scale, *offset;

  Affine(Call& call, int64_t channels) {
    shift = call.workspace<float>(3 * channels + 1);
    scale = shift + channels;
    offset = scale + channels;
  }
  explicit operator bool() const { return shift != nullptr; }

  void set(int64_t i, double mean, double variance, double epsilon, const View& gamma, const View& beta) {
    const double factor = gamma ? gamma.as<const float>()[i] : 1.0;
    const double slope = factor / __builtin_sqrt(variance + epsilon);
    shift[i] = static_cast<float>(mean);
    scale[i] = static_cast<float>(slope);
    const double base = beta ? beta.as<const float>()[i] : 0.0;
    offset[i] = static_cast<float>(base - (mean - static_cast<double>(shift[i])) * slope);
  }

  void apply(Call& call, const Rows& rows, const float* x, float* y) const {
    const float *a = shift, *b = scale, *c = offset;
    for_each_row(call, rows, y, [=](int64_t first, int64_t at, int64_t lanes) LB_INLINED {
      return (lb::load_lanes(x + first + at, lanes) - lb::load_lanes(a + at, lanes)) *
                 lb::load_lanes(b + at, lanes) +
             lb::load_lanes(c + at, lanes);
    });
  }
};

// Σ dy and Σ dy·(x − mean) of V vectors of columns.
template <int V>
void block_sums(const float* dy, const float* x, const float* mean, int64_t rows, int64_t stride,
                int64_t lanes, double* plain, double* weighed) {
  vf centre[V], a[V] = {}, b[V] = {};
  for (int v = 0; v < V; ++v) centre[v] = lb::load_lanes(mean + v * simd::kLanes, lanes);
  for (int64_t row = 0; row < rows; ++row) {
    for (int v = 0; v < V; ++v) {
      const int64_t at = row * stride + v * simd::kLanes;
      const vf up = lb::load_lanes(dy + at, lanes);
      a[v] += up;
      b[v] += up * (lb::load_lanes(x + at, lanes) - centre[v]);
    }
  }
  float of[2][V * simd::kLanes];
  for (int v = 0; v < V; ++v) {
    simd::store(of[0] + v * simd::kLanes, a[v]);
    simd::store(of[1] + v * simd::kLanes, b[v]);
  }
  for (int64_t i = 0; i < (V - 1) * simd::kLanes + lanes; ++i) {
    plain[i] = of[0][i];
    weighed[i] = of[1][i];
  }
}

// dx = scale·dy − (x − mean)·slope − level per channel
struct InputGradient {
  const float* mean;
  float *scale, *slope, *level;

  void apply(Call& call, const Rows& rows, const float* dy, const float* x, float* dx) const {
    const InputGradient g = *this;
    for_each_row(call, rows, dx, [=](int64_t first, int64_t at, int64_t lanes) LB_INLINED {
      const vf up = lb::load_lanes(dy + first + at, lanes);
      const vf centred = lb::load_lanes(x + first + at, lanes) - lb::load_lanes(g.mean + at, lanes);
      return lb::load_lanes(g.scale + at, lanes) * up - centred * lb::load_lanes(g.slope + at, lanes) -
             lb::load_lanes(g.level + at, lanes);
    });
  }
};

bool per_channel(const View& view, int64_t channels) {
  return !view || view.count == channels;
}

}  // namespace

// Inputs: x, gamma, beta (both optional). Outputs: y, mean, variance (over n). Param: epsilon.
LANDBRIDGE_KERNEL(batchNormTrain, cpu, float32) {
  const View &x_view = call.in(0), &gamma = call.in(1), &beta = call.in(2);
  LANDBRIDGE_REQUIRE(x_view.rank >= 1, "expected x[..., C]");
  const Rows rows(x_view);
  const int64_t channels = rows.channels;
  LANDBRIDGE_REQUIRE(per_channel(gamma, channels) && per_channel(beta, channels),
                     "expected one gamma and beta per channel");
  LANDBRIDGE_REQUIRE(rows.count > 0 || channels == 0, "expected at least one row");
  if (channels == 0) return;
  const float* x = x_view.as<const float>();
  double* moments = call.workspace<double>(rows.chunks * 2 * channels);
  Affine affine(call, channels);
  if (moments == nullptr || !affine) return;
  for_each_block(call, rows, [&](auto block, int64_t chunk, int64_t c, int64_t lanes) {
    double* part = moments + chunk * 2 * channels + c;
    block_moments<block.count>(x + chunk * rows.chunk * channels + c, rows.size(chunk), channels, lanes, part,
                               part + channels);
  });
  combine_moments(rows, moments);
  for (int64_t i = 0; i < channels; ++i) {
    const double variance = moments[channels + i] / static_cast<double>(rows.count);
    affine.set(i, moments[i], variance, call.param(0), gamma, beta);
    call.out(1).as<float>()[i] = static_cast<float>(moments[i]);
    call.out(2).as<float>()[i] = static_cast<float>(variance);
  }
  affine.apply(call, rows, x, call.out(0).as<float>());
}

// Inputs: x, mean, variance, gamma, beta (the last two optional). Output: y. Param: epsilon.
LANDBRIDGE_KERNEL(batchNormInfer, cpu, float32) {
  const View &x = call.in(0), &mean = call.in(1), &variance = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank >= 1, "expected x[..., C]");
  const Rows rows(x);
  LANDBRIDGE_REQUIRE(mean.count == rows.channels && variance.count == rows.channels &&
                         per_channel(call.in(3), rows.channels) && per_channel(call.in(4), rows.channels),
                     "expected one mean, variance, gamma and beta per channel");
  if (x.count == 0) return;
  Affine affine(call, rows.channels);
  if (!affine) return;
  for (int64_t i = 0; i < rows.channels; ++i) {
    affine.set(i, mean.as<const float>()[i], variance.as<const float>()[i], call.param(0), call.in(3),
               call.in(4));
  }
  affine.apply(call, rows, x.as<const float>(), call.out(0).as<float>());
}

// Inputs: dy, x, mean, variance, gamma (optional). Outputs, each optional: dx, dgamma, dbeta. Param: epsilon.
LANDBRIDGE_KERNEL(batchNormGradient, cpu, float32) {
  const View &x_view = call.in(1), &variance = call.in(3), &gamma = call.in(4);
  const Rows rows(x_view);
  const int64_t channels = rows.channels;
  LANDBRIDGE_REQUIRE(call.in(0).count == x_view.count && call.in(2).count == channels &&
                         variance.count == channels && per_channel(gamma, channels),
                     "expected dy and x of one shape, and one mean, variance and gamma per channel");
  if (x_view.count == 0) return;
  const float *dy = call.in(0).as<const float>(), *x = x_view.as<const float>();
  const float* mean = call.in(2).as<const float>();
  double* sums = call.workspace<double>(rows.chunks * 2 * channels);
  float* factors = call.workspace<float>(3 * channels);
  if (sums == nullptr || factors == nullptr) return;
  for_each_block(call, rows, [&](auto block, int64_t chunk, int64_t c, int64_t lanes) {
    const int64_t at = chunk * rows.chunk * channels + c;
    double* part = sums + chunk * 2 * channels + c;
    block_sums<block.count>(dy + at, x + at, mean + c, rows.size(chunk), channels, lanes, part,
                            part + channels);
  });
  for (int64_t chunk = 1; chunk < rows.chunks; ++chunk) {
    for (int64_t i = 0; i < 2 * channels; ++i) sums[i] += sums[chunk * 2 * channels + i];
  }
  const InputGradient gradient{mean, factors, factors + channels, factors + 2 * channels};
  const double share = 1.0 / static_cast<double>(rows.count);
  for (int64_t i = 0; i < channels; ++i) {
    const double inverse = 1.0 / __builtin_sqrt(variance.as<const float>()[i] + call.param(0));
    const double scale = gamma ? inverse * gamma.as<const float>()[i] : inverse;
    gradient.scale[i] = static_cast<float>(scale);
    gradient.slope[i] = static_cast<float>(scale * inverse * inverse * sums[channels + i] * share);
    gradient.level[i] = static_cast<float>(scale * sums[i] * share);
    if (call.out(1)) call.out(1).as<float>()[i] = static_cast<float>(sums[channels + i] * inverse);
    if (call.out(2)) call.out(2).as<float>()[i] = static_cast<float>(sums[i]);
  }
  if (call.out(0)) gradient.apply(call, rows, dy, x, call.out(0).as<float>());
}
