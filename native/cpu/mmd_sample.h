// The pooled sample of the maximum mean discrepancy as its products read it: z = (x, y), centred, and scaled
// so that the bandwidth is 1. Kernels then see numbers of order 1, whatever the units of the data.
#pragma once

#include "landbridge/kernel.h"
#include "mmd_transpose.h"
#include "simd_double.h"

namespace lb::simd {
namespace {

// A run of rows of x alone or of y alone. `first` counts rows of z; `position` counts places in what is
// padded: y begins at a whole panel there.
struct Rows {
  int64_t first, position, count;
  bool of_x;

  // `size` of them at most, from `begin` on.
  Rows part(int64_t begin, int64_t size) const {
    const int64_t rest = count - begin;
    return {first + begin, position + begin, rest < size ? rest : size, of_x};
  }
};

struct Sample {
  const float *x_data, *y_data;
  int64_t n, m, d;
  double *mean = nullptr, scale = 0;  // z = (row − mean)·scale
  float* side_by_side =
      nullptr;               // [panels of d][rows][kNr]: rows, kNr columns at a time; columns past d are 0
  float* upright = nullptr;  // [panels of rows][d][kNr]: columns, kNr rows at a time; rows past the end are 0
  double exponent = 0;       // what the kernels want distances to be multiplied by
  float* norms = nullptr;    // −‖z‖²·exponent per position; −kFar past the end

  static constexpr float kFar = 1e30f;

  static int64_t panels_of(int64_t count) { return (count + kNr - 1) / kNr; }
  int64_t total() const { return n + m; }
  int64_t panels() const { return panels_of(d); }
  int64_t row_panels() const { return panels_of(n) + panels_of(m); }
  int64_t stored_rows() const { return n + m + kMr; }  // a group of kMr may begin at the last row
  Rows x() const { return {0, 0, n, true}; }
  Rows y() const { return {n, panels_of(n) * kNr, m, false}; }
  const float* data(int64_t row) const { return row < n ? x_data + row * d : y_data + (row - n) * d; }
  float* panel(int64_t index, int64_t row) const {
    return side_by_side + (index * stored_rows() + row) * kNr;
  }
  const float* upright_panel(int64_t position) const { return upright + position * d; }
};

// Sums and sums of squares of columns [begin, end) over some rows, less the first row of all. (That row is
// part of the sample, so its distance from the mean is at most √N deviations: doubles lose nothing to it.)
inline void sum_columns(const Sample& z, int64_t first, int64_t last, int64_t begin, int64_t end,
                        double* sums, double* squares) {
  for (int64_t c = begin; c < end; ++c) sums[c] = squares[c] = 0;
  for (int64_t i = first; i < last; ++i) {
    const float* row = z.data(i);
    for (int64_t c = begin; c < end; ++c) {
      const double value = static_cast<double>(row[c]) - static_cast<double>(z.x_data[c]);
      sums[c] += value;
      squares[c] += value * value;
    }
  }
}

constexpr int64_t kSumColumns = 256, kSumElements = 1 << 15, kSumParts = 16;

// Fills the mean; returns the mean of all pairwise squared distances, 2·mean‖z − mean z‖². NaN: out of
// memory, or values that are not finite.
inline double measure(landbridge::Call& call, const Sample& z) {
  const int64_t wanted = (z.total() * z.d + kSumElements - 1) / kSumElements;
  const int64_t most = wanted < kSumParts ? wanted : kSumParts, share = (z.total() + most - 1) / most;
  const int64_t parts = (z.total() + share - 1) / share, across = (z.d + kSumColumns - 1) / kSumColumns;
  double* sums = call.workspace<double>(2 * parts * z.d);
  if (sums == nullptr) return __builtin_nan("");
  double* squares = sums + parts * z.d;
  call.parallel_for(parts * across, 1, [&](int64_t task, int64_t) {
    const int64_t first = task / across * share, begin = task % across * kSumColumns;
    const int64_t last = first + share < z.total() ? first + share : z.total();
    const int64_t end = begin + kSumColumns < z.d ? begin + kSumColumns : z.d, at = task / across * z.d;
    sum_columns(z, first, last, begin, end, sums + at, squares + at);
  });
  const double count = static_cast<double>(z.total());
  double spread = 0;
  for (int64_t c = 0; c < z.d; ++c) {
    double sum = 0, square = 0;
    for (int64_t part = 0; part < parts; ++part) {
      sum += sums[part * z.d + c];
      square += squares[part * z.d + c];
    }
    z.mean[c] = static_cast<double>(z.x_data[c]) + sum / count;
    const double variance = square / count - sum / count * (sum / count);
    spread += variance < 0 ? 0 : variance;
  }
  return 2 * spread;
}

// One row of z into its panels; returns its squared length.
inline double place_row(const Sample& z, int64_t row) {
  vd low{}, high{};
  const float* from = z.data(row);
  for (int64_t panel = 0; panel < z.panels(); ++panel) {
    float* to = z.panel(panel, row);
    for (int64_t v = 0; v < kNr; v += kLanes) {
      const int64_t c = panel * kNr + v, rest = z.d - c, lanes = rest < 0 ? 0 : rest < kLanes ? rest : kLanes;
      const vf value = lanes == kLanes ? load(from + c) : lanes > 0 ? load(from + c, lanes) : vf{};
      vd mean[2];
      memcpy(mean, z.mean + c, sizeof mean);
      const vf centred =
          narrow((low_half(value) - mean[0]) * z.scale, (high_half(value) - mean[1]) * z.scale);
      store(to + v, centred);
      low += low_half(centred) * low_half(centred);
      high += high_half(centred) * high_half(centred);
    }
  }
  double norm = 0;
  for (int lane = 0; lane < kLanes / 2; ++lane) norm += low[lane] + high[lane];
  return norm;
}

// A panel's worth of rows, in both layouts.
inline void place_rows(const Sample& z, const Rows& rows) {
  for (int64_t i = 0; i < kNr; ++i) {
    z.norms[rows.position + i] =
        i < rows.count ? static_cast<float>(-z.exponent * place_row(z, rows.first + i)) : -Sample::kFar;
  }
  float* upright = z.upright + rows.position * z.d;
  for (int64_t panel = 0; panel < z.panels(); ++panel) {
    const int64_t rest = z.d - panel * kNr;
    transpose_panel(z.panel(panel, rows.first), rows.count, upright + panel * kNr * kNr,
                    rest < kNr ? rest : kNr);
  }
}

// Writes all of z. The mean is padded with zeros to whole panels.
inline void place(landbridge::Call& call, const Sample& z) {
  const int64_t each = kNr * z.d, grain = each > kSumElements ? 1 : kSumElements / each;
  call.parallel_for(z.row_panels(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t of_x = Sample::panels_of(z.n);
      place_rows(z, index < of_x ? z.x().part(index * kNr, kNr) : z.y().part((index - of_x) * kNr, kNr));
    }
  });
  for (int64_t panel = 0; panel < z.panels(); ++panel) {
    memset(z.panel(panel, z.total()), 0, sizeof(float) * kMr * kNr);
  }
}

}  // namespace
}  // namespace lb::simd
