// Means and variances of a sample's columns, in double, in one reading.
#pragma once
#include "mmd_sample.h"

namespace lb::simd {
namespace {

// Sums and sums of squares of columns [begin, end) over some rows, less one of the rows measured. (Its
// distance from their mean is at most √N deviations: doubles lose nothing to it.)
inline void sum_columns(const Sample& z, int64_t first, int64_t last, const float* origin, int64_t begin,
                        int64_t end, double* sums, double* squares) {
  for (int64_t c = begin; c < end; ++c) sums[c] = squares[c] = 0;
  for (int64_t i = first; i < last; ++i) {
    const float* row = z.data(i);
    for (int64_t c = begin; c < end; ++c) {
      const double value = static_cast<double>(row[c]) - static_cast<double>(origin[c]);
      sums[c] += value;
      squares[c] += value * value;
    }
  }
}

constexpr int64_t kSumColumns = 256, kSumElements = 1 << 15, kSumParts = 16;

// Means of the columns of rows [from, to), padded with zeros to whole panels; returns the sum of the columns'
// variances (over the count). NaN: out of memory, or values that are not finite.
inline double measure(landbridge::Call& call, const Sample& z, int64_t from, int64_t to, double* mean) {
  const int64_t rows = to - from, wanted = (rows * z.d + kSumElements - 1) / kSumElements;
  const int64_t most = wanted < kSumParts ? wanted : kSumParts, share = (rows + most - 1) / most;
  const int64_t parts = (rows + share - 1) / share, across = (z.d + kSumColumns - 1) / kSumColumns;
  double* sums = call.workspace<double>(2 * parts * z.d);
  if (sums == nullptr) return __builtin_nan("");
  double* squares = sums + parts * z.d;
  const float* origin = z.data(from);
  call.parallel_for(parts * across, 1, [&](int64_t task, int64_t) {
    const int64_t first = from + task / across * share, begin = task % across * kSumColumns;
    const int64_t last = first + share < to ? first + share : to;
    const int64_t end = begin + kSumColumns < z.d ? begin + kSumColumns : z.d, at = task / across * z.d;
    sum_columns(z, first, last, origin, begin, end, sums + at, squares + at);
  });
  const double count = static_cast<double>(rows);
  double spread = 0;
  for (int64_t c = 0; c < z.d; ++c) {
    double sum = 0, square = 0;
    for (int64_t part = 0; part < parts; ++part) {
      sum += sums[part * z.d + c];
      square += squares[part * z.d + c];
    }
    mean[c] = static_cast<double>(origin[c]) + sum / count;
    const double variance = square / count - sum / count * (sum / count);
    spread += variance < 0 ? 0 : variance;
  }
  for (int64_t c = z.d; c < z.panels() * kNr; ++c) mean[c] = 0;
  return spread;
}

}  // namespace
}  // namespace lb::simd
