// How JavaScript describes a call: numbers in the shared scratch array.
#pragma once

#include "environment.h"

namespace lb {
namespace {

constexpr int kAbsent = -2, kFresh = -1;

// Reads the description that JavaScript wrote into the shared scratch array:
//   inputs, outputs, params, then per input: rank (−1: absent), dtype, shape …;
//   per output: mode (−2 absent, −1 fresh, i ≥ 0: in place of input i), exclusive, rank, dtype, shape …;
//   params …
class Reader {
 public:
  explicit Reader(const double* at) : at_(at), end_(at + kScratch) {}
  double next() {
    if (at_ == end_) throw BindingError("run: expected at most 131072 numbers of description, received more");
    return *at_++;
  }
  int integer(int low, int high) {
    const double value = next();
    if (value >= low && value <= high && value == static_cast<int>(value)) return static_cast<int>(value);
    throw BindingError("run: expected an integer from " + std::to_string(low) + " to " +
                       std::to_string(high) + ", received " + std::to_string(value));
  }
  void tensor(int rank, Operand& operand) {
    operand.dtype = static_cast<int16_t>(integer(0, LB_DTYPE_float16));
    operand.rank = static_cast<int16_t>(rank);
    for (int axis = 0; axis < rank; ++axis) operand.shape[axis] = size();
    // From the last axis on, as strides grow: an empty axis must not hide that the others overflow.
    for (int axis = rank - 1; axis >= 0; --axis) {
      if (__builtin_mul_overflow(operand.count, operand.shape[axis], &operand.count)) {
        throw BindingError(
            "run: expected a shape whose elements can be counted, received one that overflows");
      }
    }
  }

 private:
  int64_t size() {
    const double value = next();
    if (value >= 0 && value <= 9007199254740991.0 &&
        value == static_cast<double>(static_cast<int64_t>(value)))
      return static_cast<int64_t>(value);
    throw BindingError("run: expected a size of at least 0, received " + std::to_string(value));
  }

  const double* at_;
  const double* end_;
};

}  // namespace
}  // namespace lb
