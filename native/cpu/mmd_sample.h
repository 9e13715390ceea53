// Two samples, pooled, as products of all pairs of rows read them: z = (x, y), centred and scaled. (MMD
// scales so that the bandwidth is 1: its kernels then see numbers of order 1, whatever the units of the
// data.)
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
  // z = (row − mean)·scale; means are padded with zeros to whole panels.
  const double *x_mean = nullptr, *y_mean = nullptr;
  double x_scale = 0, y_scale = 0;
  // [panels of d][rows][kNr]: rows, kNr columns at a time; columns past d are 0.
  float* side_by_side = nullptr;
  // [panels of rows][d][kNr]: columns, kNr rows at a time; rows past the end are 0.
  float* upright = nullptr;
  double exponent = 0;     // what the kernels want distances to be multiplied by
  float* norms = nullptr;  // −‖z‖²·exponent per position; −kFar past the end

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

// One row of z into its panels; returns its squared length.
inline double place_row(const Sample& z, int64_t row) {
  vd low{}, high{};
  const float* from = z.data(row);
  const double *means = row < z.n ? z.x_mean : z.y_mean, scale = row < z.n ? z.x_scale : z.y_scale;
  for (int64_t panel = 0; panel < z.panels(); ++panel) {
    float* to = z.panel(panel, row);
    for (int64_t v = 0; v < kNr; v += kLanes) {
      const int64_t c = panel * kNr + v, rest = z.d - c, lanes = rest < 0 ? 0 : rest < kLanes ? rest : kLanes;
      const vf value = lanes == kLanes ? load(from + c) : lanes > 0 ? load(from + c, lanes) : vf{};
      vd mean[2];
      memcpy(mean, means + c, sizeof mean);
      const vf centred = narrow((low_half(value) - mean[0]) * scale, (high_half(value) - mean[1]) * scale);
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

// False: out of memory.
inline bool allocate(landbridge::Call& call, Sample& z) {
  const int64_t places = z.row_panels() * kNr;
  z.side_by_side = call.workspace<float>(z.stored_rows() * z.panels() * kNr);
  z.upright = call.workspace<float>(places * z.d);
  z.norms = call.workspace<float>(places);
  return z.side_by_side != nullptr && z.upright != nullptr && z.norms != nullptr;
}

constexpr int64_t kPlaceElements = 1 << 15;  // per chunk

// Writes all of z.
inline void place(landbridge::Call& call, const Sample& z) {
  const int64_t each = kNr * z.d, grain = each > kPlaceElements ? 1 : kPlaceElements / each;
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
