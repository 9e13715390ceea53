// Backward through a layer of gated recurrent units: the gradients of r, z, n before their activations and of
// m (slopes), and of the state.
#pragma once

#include "recurrent_steps.h"

namespace landbridge::cuda {
namespace {

struct GruBackward {
  static constexpr bool kForward = false;
  Sequence s;
  Global<const float> hidden, output, gates, h0, dy, last_dh;  // the latter three may be null
  Global<float> slopes, dh0;                                   // [N, T, 4H]; [N, H], may be null

  struct Loaded {
    float gate, before, dy;
  };
  // What the slopes of a unit's step follow from: the gates, h, d/dh'.
  struct Step {
    float r, z, n, m, before, up;

    __device__ float slope(int gate) const {
      const float dn = up * (1 - z) * (1 - n * n);
      if (gate == 0) return dn * m * (r * (1 - r));
      if (gate == 1) return up * (before - n) * (z * (1 - z));
      return gate == 2 ? dn : dn * r;
    }
  };

  __device__ int64_t gate_at(int64_t at, int gate, int64_t unit) const {
    return (at * kGates + gate) * s.units + unit;
  }
  // The slope of n does not reach h but by m.
  __device__ float weight(int k, const Place& p) const {
    const int column = p.gate == 3 ? 2 : p.gate;
    return p.gate == 2 ? 0.0f : hidden[(3 * int64_t{p.unit} + column) * s.units + k];
  }
  __device__ float initial(const Place& p, bool memory) const {
    return last_dh && !memory ? last_dh[p.row * s.units + p.unit] : 0.0f;
  }
  __device__ Loaded load(const Place& p, int64_t step) const {
    const int64_t at = s.at(p.row, step);
    float before = 0;
    if (step > 0) before = output[s.at(p.row, step - 1) * s.units + p.unit];
    if (step == 0 && h0) before = h0[p.row * s.units + p.unit];
    return {gates[gate_at(at, p.gate, p.unit)], before, dy ? dy[at * s.units + p.unit] : 0.0f};
  }
  __device__ float slope(const Place& p, const Loaded& from, float& dh, float& /*memory*/) const {
    const Step step{of_gate(from.gate, 0), of_gate(from.gate, 1), of_gate(from.gate, 2),
                    of_gate(from.gate, 3), from.before,           dh + from.dy};
    dh = step.up * step.z;
    return step.slope(p.gate);
  }
  __device__ void store(const Place& p, int64_t at, float slope) const {
    slopes[gate_at(at, p.gate, p.unit)] = slope;
  }
  __device__ void finish(const Place& p, float dh, float /*memory*/) const {
    if (p.gate == 0 && dh0) dh0[p.row * s.units + p.unit] = dh;
  }

  // One step of one unit, dh0 (not null then) carrying the state's gradient from step to step.
  __device__ void cell(int64_t row, int64_t unit, int64_t step) const {
    const int64_t at = s.at(row, step), state = row * s.units + unit;
    const Place p{row, static_cast<int>(unit), 0};
    const Loaded from = load(p, step);
    const float dh = step + 1 == s.steps ? initial(p, false) : dh0[state];
    const Step now{from.gate,
                   gates[gate_at(at, 1, unit)],
                   gates[gate_at(at, 2, unit)],
                   gates[gate_at(at, 3, unit)],
                   from.before,
                   dh + from.dy};
    dh0[state] = now.up * now.z;
#pragma unroll
    for (int gate = 0; gate < kGates; ++gate) slopes[gate_at(at, gate, unit)] = now.slope(gate);
  }
};

// Step by step, where the weights do not fit a block: the cells, then dh += the slopes of r, z and m · Whᵀ.
inline void run_wide(Call& call, GruBackward layer) {
  const Sequence& s = layer.s;
  const int64_t apart = s.steps * kGates * s.units, width = 3 * s.units;
  if (!layer.dh0) layer.dh0 = scratch<float>(call, s.rows * s.units);
  if (!layer.dh0) return;
  for (int64_t step = s.steps - 1; step >= 0; --step) {
    each(call, s.rows * s.units,
         [=] __device__(int64_t i) { layer.cell(i / layer.s.units, i % layer.s.units, step); });
    const Global<const float> slopes = layer.slopes + s.at(0, step) * kGates * s.units;
    multiply(call, s.rows, s.units, 2 * s.units, {slopes, apart, false}, {layer.hidden, width, true},
             layer.dh0, s.units, true);
    multiply(call, s.rows, s.units, s.units, {slopes + 3 * s.units, apart, false},
             {layer.hidden + 2 * s.units, width, true}, layer.dh0, s.units, true);
  }
}

}  // namespace
}  // namespace landbridge::cuda
