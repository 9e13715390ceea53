// What happens to a sum on its way to memory: activation(sum + C·accumulate + bias + residual).
#pragma once

#include "landbridge/cuda/launch.h"

namespace landbridge::cuda {
namespace {

struct Finish {
  Global<float> out;
  Global<const float> bias, residual;  // null: none; residual lies as out does
  bool relu, accumulate;
  bool vector;  // rows begin at multiples of 16 bytes, and their length is one

  // `row`: where the row begins in `out`.
  __device__ float finished(float sum, int64_t row, int column) const {
    if (accumulate) sum += out[row + column];
    if (bias) sum += bias[column];
    if (residual) sum += residual[row + column];
    return relu && sum < 0 ? 0 : sum;  // NaN stays
  }
  __device__ void put(float sum, int64_t row, int column) const {
    out[row + column] = finished(sum, row, column);
  }

  // Four neighbours, of which those below `columns` exist.
  __device__ void put4(float4 sums, int64_t row, int column, int columns) const {
    if (vector && column < columns) {
      sums.x = finished(sums.x, row, column), sums.y = finished(sums.y, row, column + 1);
      sums.z = finished(sums.z, row, column + 2), sums.w = finished(sums.w, row, column + 3);
      return store4(out, row + column, sums);
    }
    if (column < columns) put(sums.x, row, column);
    if (column + 1 < columns) put(sums.y, row, column + 1);
    if (column + 2 < columns) put(sums.z, row, column + 2);
    if (column + 3 < columns) put(sums.w, row, column + 3);
  }
};

}  // namespace
}  // namespace landbridge::cuda
