// Forward through a layer of long short-term memory.
#pragma once

#include "recurrent_steps.h"

namespace landbridge::cuda {
namespace {

// The gates i, f, g, o after their activations.
struct LstmGates {
  float i, f, g, o;

  // The next h; `memory` becomes the next c.
  __device__ float next(float& memory) const {
    memory = f * memory + i * g;
    return o * tanhf(memory);
  }
};

struct LstmForward {
  static constexpr bool kForward = true;
  Sequence s;
  Global<const float> hidden, h0, c0;
  // [N, T, 4H], projected when the steps begin; [N, T, H] twice, of which memories may be null, and gates
  // need not be kept then; [N, H] twice
  Global<float> gates, output, memories, last_h, last_c;

  __device__ int64_t gate_at(int64_t at, int gate, int64_t unit) const {
    return (at * kGates + gate) * s.units + unit;
  }
  __device__ float weight(int k, const Place& p) const { return hidden[gate_at(k, p.gate, p.unit)]; }
  __device__ float initial(const Place& p, bool memory) const {
    const Global<const float> from = memory ? c0 : h0;
    return from ? from[p.row * s.units + p.unit] : 0.0f;
  }
  __device__ float projected(const Place& p, int64_t at) const { return gates[gate_at(at, p.gate, p.unit)]; }
  __device__ float update(const Place& p, float sum, float& h, float& memory) const {
    const float own = p.gate == 2 ? tanhf(sum) : gate_sigmoid(sum);
    const LstmGates all{of_gate(own, 0), of_gate(own, 1), of_gate(own, 2), of_gate(own, 3)};
    h = all.next(memory);
    return own;
  }
  __device__ void store(const Place& p, int64_t at, float kept, float h, float memory) const {
    if (p.gate == 0) output[at * s.units + p.unit] = h;
    if (!memories) return;
    gates[gate_at(at, p.gate, p.unit)] = kept;
    if (p.gate == 1) memories[at * s.units + p.unit] = memory;
  }
  __device__ void finish(const Place& p, float h, float memory) const {
    if (p.gate != 0) return;
    last_h[p.row * s.units + p.unit] = h;
    last_c[p.row * s.units + p.unit] = memory;
  }

  // One step of one unit whose gates are summed up; last_c carries c from step to step.
  __device__ void cell(int64_t row, int64_t unit, int64_t step) const {
    const int64_t at = s.at(row, step), state = row * s.units + unit;
    float sums[kGates];
#pragma unroll
    for (int gate = 0; gate < kGates; ++gate) sums[gate] = gates[gate_at(at, gate, unit)];
    const LstmGates all{gate_sigmoid(sums[0]), gate_sigmoid(sums[1]), tanhf(sums[2]), gate_sigmoid(sums[3])};
    float memory = step > 0 ? last_c[state] : c0 ? c0[state] : 0.0f;
    const float h = all.next(memory);
    last_c[state] = memory;
    last_h[state] = h;
    output[at * s.units + unit] = h;
    if (!memories) return;
    memories[at * s.units + unit] = memory;
    gates[gate_at(at, 0, unit)] = all.i;
    gates[gate_at(at, 1, unit)] = all.f;
    gates[gate_at(at, 2, unit)] = all.g;
    gates[gate_at(at, 3, unit)] = all.o;
  }
};

// Step by step, where the weights do not fit a block: gates of the step += h · Wh, then the cells. h is read
// where it was written, among the outputs.
inline void run_wide(Call& call, const LstmForward& layer) {
  const Sequence& s = layer.s;
  const int64_t width = kGates * s.units;
  for (int64_t step = 0; step < s.steps; ++step) {
    Matrix h{layer.h0, s.units, false};
    if (step > 0) h = {layer.output + s.at(0, step - 1) * s.units, s.steps * s.units, false};
    const Global<float> gates = layer.gates + s.at(0, step) * width;
    if (h.data)
      multiply(call, s.rows, width, s.units, h, {layer.hidden, width, false}, gates, s.steps * width, true);
    each(call, s.rows * s.units,
         [=] __device__(int64_t i) { layer.cell(i / layer.s.units, i % layer.s.units, step); });
  }
}

}  // namespace
}  // namespace landbridge::cuda
