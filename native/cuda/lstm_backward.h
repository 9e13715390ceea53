// Backward through a layer of long short-term memory: the gradients of all gates before their activations
// (slopes), and of the states.
#pragma once

#include "lstm_forward.h"

namespace landbridge::cuda {
namespace {

struct LstmBackward {
  static constexpr bool kForward = false;
  Sequence s;
  Global<const float> hidden, gates, memories, c0, dy, last_dh, last_dc;  // the latter four may be null
  Global<float> slopes, dh0, dc0;                                         // [N, T, 4H]; [N, H], may be null

  struct Loaded {
    float gate, memory, before, dy;
  };
  // What the slopes of a unit's step follow from.
  struct Step {
    LstmGates a;
    float t, before, up, memory;  // tanh(c'), c, d/dh', d/dc'

    __device__ Step(const LstmGates& gates, const Loaded& from, float dh, float dc)
        : a(gates),
          t(tanhf(from.memory)),
          before(from.before),
          up(dh + from.dy),
          memory(dc + up * a.o * (1 - t * t)) {}
    __device__ float slope(int gate) const {
      if (gate == 0) return memory * a.g * (a.i * (1 - a.i));
      if (gate == 1) return memory * before * (a.f * (1 - a.f));
      if (gate == 2) return memory * a.i * (1 - a.g * a.g);
      return up * t * (a.o * (1 - a.o));
    }
  };

  __device__ int64_t gate_at(int64_t at, int gate, int64_t unit) const {
    return (at * kGates + gate) * s.units + unit;
  }
  __device__ float weight(int k, const Place& p) const { return hidden[gate_at(p.unit, p.gate, k)]; }
  __device__ float initial(const Place& p, bool memory) const {
    const Global<const float> from = memory ? last_dc : last_dh;
    return from ? from[p.row * s.units + p.unit] : 0.0f;
  }
  __device__ Loaded load(const Place& p, int64_t step) const {
    const int64_t at = s.at(p.row, step) * s.units + p.unit, state = p.row * s.units + p.unit;
    float before = 0;
    if (step > 0) before = memories[s.at(p.row, step - 1) * s.units + p.unit];
    if (step == 0 && c0) before = c0[state];
    return {gates[gate_at(s.at(p.row, step), p.gate, p.unit)], memories[at], before, dy ? dy[at] : 0.0f};
  }
  __device__ float slope(const Place& p, const Loaded& from, float& dh, float& memory) const {
    const LstmGates all{of_gate(from.gate, 0), of_gate(from.gate, 1), of_gate(from.gate, 2),
                        of_gate(from.gate, 3)};
    const Step step(all, from, dh, memory);
    memory = step.memory * all.f;
    dh = 0;
    return step.slope(p.gate);
  }
  __device__ void store(const Place& p, int64_t at, float slope) const {
    slopes[gate_at(at, p.gate, p.unit)] = slope;
  }
  __device__ void finish(const Place& p, float dh, float memory) const {
    if (p.gate == 0 && dh0) dh0[p.row * s.units + p.unit] = dh;
    if (p.gate == 0 && dc0) dc0[p.row * s.units + p.unit] = memory;
  }

  // One step of one unit, dh0 and dc0 (not null then) carrying the states' gradients from step to step.
  __device__ void cell(int64_t row, int64_t unit, int64_t step) const {
    const int64_t at = s.at(row, step), state = row * s.units + unit;
    const bool last = step + 1 == s.steps;
    const Place p{row, static_cast<int>(unit), 0};
    const LstmGates all{gates[gate_at(at, 0, unit)], gates[gate_at(at, 1, unit)], gates[gate_at(at, 2, unit)],
                        gates[gate_at(at, 3, unit)]};
    const Step now(all, load(p, step), last ? initial(p, false) : dh0[state],
                   last ? initial(p, true) : dc0[state]);
    dc0[state] = now.memory * all.f;
#pragma unroll
    for (int gate = 0; gate < kGates; ++gate) slopes[gate_at(at, gate, unit)] = now.slope(gate);
  }
};

// Step by step, where the weights do not fit a block: the cells, then dh = slopes of the step · Whᵀ.
inline void run_wide(Call& call, LstmBackward layer) {
  const Sequence& s = layer.s;
  const int64_t width = kGates * s.units;
  if (!layer.dh0) layer.dh0 = scratch<float>(call, s.rows * s.units);
  if (!layer.dc0) layer.dc0 = scratch<float>(call, s.rows * s.units);
  if (!layer.dh0 || !layer.dc0) return;
  for (int64_t step = s.steps - 1; step >= 0; --step) {
    each(call, s.rows * s.units,
         [=] __device__(int64_t i) { layer.cell(i / layer.s.units, i % layer.s.units, step); });
    multiply(call, s.rows, s.units, width, {layer.slopes + s.at(0, step) * width, s.steps * width, false},
             {layer.hidden, width, true}, layer.dh0, s.units);
  }
}

}  // namespace
}  // namespace landbridge::cuda
