// Forward through a layer of gated recurrent units.
#pragma once

#include "recurrent_steps.h"

namespace landbridge::cuda {
namespace {

struct GruForward {
  static constexpr bool kForward = true;
  Sequence s;
  Global<const float> hidden, bias, h0;  // [H, 3H]; [4H] and [N, H], may be null
  // [N, T, 4H] for r, z, n, m, of which the first three are projected when the steps begin; [N, T, H]; [N, H]
  Global<float> gates, output, last_h;
  bool keeps;  // gates are wanted

  __device__ int64_t gate_at(int64_t at, int gate, int64_t unit) const {
    return (at * kGates + gate) * s.units + unit;
  }
  __device__ float inner_bias(int64_t unit) const { return bias ? bias[3 * s.units + unit] : 0.0f; }
  // h takes part in r, z and m; n has none of its own.
  __device__ float weight(int k, const Place& p) const {
    const int column = p.gate == 3 ? 2 : p.gate;
    return p.gate == 2 ? 0.0f : hidden[(3 * int64_t{k} + column) * s.units + p.unit];
  }
  __device__ float initial(const Place& p, bool memory) const {
    return h0 && !memory ? h0[p.row * s.units + p.unit] : 0.0f;
  }
  __device__ float projected(const Place& p, int64_t at) const {
    return p.gate == 3 ? inner_bias(p.unit) : gates[gate_at(at, p.gate, p.unit)];
  }
  __device__ float update(const Place& p, float sum, float& h, float& /*memory*/) const {
    const float own = p.gate < 2 ? gate_sigmoid(sum) : sum;
    const float r = of_gate(own, 0), z = of_gate(own, 1), m = of_gate(own, 3);
    const float n = tanhf(of_gate(own, 2) + r * m);
    h = n + z * (h - n);
    return p.gate == 2 ? n : own;
  }
  __device__ void store(const Place& p, int64_t at, float kept, float h, float /*memory*/) const {
    if (p.gate == 0) output[at * s.units + p.unit] = h;
    if (keeps) gates[gate_at(at, p.gate, p.unit)] = kept;
  }
  __device__ void finish(const Place& p, float h, float /*memory*/) const {
    if (p.gate == 0) last_h[p.row * s.units + p.unit] = h;
  }

  // One step of one unit whose gates are summed up; last_h carries h from step to step. Fresh: h is zero, and
  // nobody has written m.
  __device__ void cell(int64_t row, int64_t unit, int64_t step, bool fresh) const {
    const int64_t at = s.at(row, step), state = row * s.units + unit;
    const float r = gate_sigmoid(gates[gate_at(at, 0, unit)]), z = gate_sigmoid(gates[gate_at(at, 1, unit)]);
    const float m = fresh ? inner_bias(unit) : gates[gate_at(at, 3, unit)];
    const float n = tanhf(gates[gate_at(at, 2, unit)] + r * m);
    const float before = fresh ? 0.0f : step > 0 ? last_h[state] : h0[state];
    const float h = n + z * (before - n);
    output[at * s.units + unit] = h;
    last_h[state] = h;
    if (!keeps) return;
    gates[gate_at(at, 0, unit)] = r;
    gates[gate_at(at, 1, unit)] = z;
    gates[gate_at(at, 2, unit)] = n;
    gates[gate_at(at, 3, unit)] = m;
  }
};

// r and z of a step += h · Wh, m = h · Wh + bias.
inline void add_hidden(Call& call, const GruForward& layer, const Matrix& h, Global<float> gates) {
  const Sequence& s = layer.s;
  const int64_t apart = s.steps * kGates * s.units, width = 3 * s.units;
  multiply(call, s.rows, 2 * s.units, s.units, h, {layer.hidden, width, false}, gates, apart, true);
  Product product = product_of(s.rows, s.units, s.units, h, {layer.hidden + 2 * s.units, width, false},
                               gates + 3 * s.units, apart);
  if (layer.bias) product.bias = layer.bias.data + 3 * s.units;
  multiply_matrices(call, product);
}

// Step by step, where the weights do not fit a block. h is read where it was written, among the outputs.
inline void run_wide(Call& call, const GruForward& layer) {
  const Sequence& s = layer.s;
  for (int64_t step = 0; step < s.steps; ++step) {
    Matrix h{layer.h0, s.units, false};
    if (step > 0) h = {layer.output + s.at(0, step - 1) * s.units, s.steps * s.units, false};
    const bool fresh = !h.data;
    if (!fresh) add_hidden(call, layer, h, layer.gates + s.at(0, step) * kGates * s.units);
    each(call, s.rows * s.units,
         [=] __device__(int64_t i) { layer.cell(i / layer.s.units, i % layer.s.units, step, fresh); });
  }
}

}  // namespace
}  // namespace landbridge::cuda
