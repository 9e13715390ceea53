// What the recurrent layers share. The input is projected for all steps at once, by one large product. What
// remains of a step is a product of the states with the hidden weights and the gates' arithmetic; the rows of
// a batch do not depend on each other.
//
// Up to 128 units (72 where shared memory is short) a block takes some rows through all steps, in one launch,
// and holds all hidden weights in registers and, past 64 units, shared memory (recurrent_steps.h). Above, each
// step is a product and a launch for the gates.
#pragma once

#include "column_sums.h"
#include "elementwise.h"
#include "gemm.h"

namespace landbridge::cuda {
namespace {

constexpr int kGates = 4;        // numbers kept per unit and step, whatever the layer's own number of gates
constexpr int kHeldUnits = 128;  // at most, for weights that stay in a block

// The batch, its steps, and the order in which they are taken.
struct Sequence {
  int64_t rows, steps, inputs, units;
  bool reverse;

  static Sequence of(const View& x, const View& hidden_weight, bool reverse) {
    return {x.dim(0), x.dim(1), x.dim(2), hidden_weight.dim(0), reverse};
  }
  // Where step number `step` stands on the axis of time.
  __host__ __device__ int64_t time(int64_t step) const { return reverse ? steps - 1 - step : step; }
  // The place of a row's step among all rows and steps.
  __host__ __device__ int64_t at(int64_t row, int64_t step) const { return row * steps + time(step); }
  int64_t all() const { return rows * steps; }
};

// Where a thread stands in a layer: four threads side by side share a unit, and each has a gate of it.
struct Place {
  int64_t row;
  int unit, gate;
};

__device__ inline float gate_sigmoid(float x) {
  return 1 / (1 + expf(-x));
}

// Hands the gates of a unit to all of its four threads.
__device__ inline float of_gate(float value, int gate) {
  return shuffle(value, static_cast<int>(threadIdx.x) % kWarp / kGates * kGates + gate);
}

// A matrix as the products below name it.
struct Matrix {
  Global<const float> data;
  int64_t stride;
  bool transposed;
};

inline Product product_of(int64_t m, int64_t n, int64_t k, const Matrix& a, const Matrix& b, Global<float> c,
                          int64_t ldc) {
  Product product{};
  product.m = m, product.n = n, product.k = k;
  product.a = a.data.data, product.lda = a.stride, product.transpose_a = a.transposed;
  product.b = b.data.data, product.ldb = b.stride, product.transpose_b = b.transposed;
  product.c = c.data, product.ldc = ldc;
  return product;
}

// c (+)= a · b
inline void multiply(Call& call, int64_t m, int64_t n, int64_t k, const Matrix& a, const Matrix& b,
                     Global<float> c, int64_t ldc, bool accumulate = false) {
  Product product = product_of(m, n, k, a, b, c, ldc);
  product.accumulate = accumulate;
  multiply_matrices(call, product);
}

// The first gates of all steps = x · weight + bias, kGates · units apart.
inline void project(Call& call, const Sequence& s, int gates, Global<float> out) {
  const int64_t width = gates * s.units;
  Product product = product_of(s.all(), width, s.inputs, {global<const float>(call.in(0)), s.inputs, false},
                               {global<const float>(call.in(1)), width, false}, out, kGates * s.units);
  product.bias = call.in(3).as<const float>();
  multiply_matrices(call, product);
}

// out[units, columns] = Σ hᵀ·(slopes' columns from `column` on), h being the state that each step began with:
// h0 for the first step, else the output of the step before. With the first step's slopes cleared, whose turn
// comes first, that is one product of all outputs with the slopes one place on.
struct HiddenGradient {
  Sequence s;
  Global<float> slopes;  // [rows, steps, kGates · units]
  Global<const float> output, h0;

  void run(Call& call, int64_t column, int64_t columns, Global<float> out, int64_t ldc) const {
    const int64_t width = kGates * s.units;
    const Global<const float> first = slopes + (s.time(0) * width + column);
    multiply(call, s.units, columns, h0 ? s.rows : 0, {h0 ? h0 : output, s.units, true},
             {first, s.steps * width, false}, out, ldc);
    if (s.steps < 2 || s.rows == 0) return;
    clear_first(call, column, columns);
    const int64_t ahead = s.reverse ? 1 : 0;
    multiply(call, s.units, columns, s.all() - 1, {output + ahead * s.units, s.units, true},
             {slopes + ((1 - ahead) * width + column), width, false}, out, ldc, true);
  }

  void clear_first(Call& call, int64_t column, int64_t columns) const {
    const HiddenGradient self = *this;
    each(call, s.rows * columns, [=] __device__(int64_t i) {
      const int64_t row = i / columns, c = column + i % columns;
      self.slopes[self.s.at(row, 0) * kGates * self.s.units + c] = 0;
    });
  }
};

}  // namespace
}  // namespace landbridge::cuda
