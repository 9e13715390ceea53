// All steps of a layer in one launch. Four threads side by side share a unit, one for each of its gates, and
// each holds that gate's column of the hidden weights (on the way back: the gate's part of the unit's row);
// the states of the block's rows are in shared memory, where all threads read the same numbers at the same
// time. A step has one barrier.
#pragma once

#include "gpu.h"
#include "recurrent.h"

namespace landbridge::cuda {
namespace {

// Weights of a thread that registers hold, of 64 and of 128; the others are in shared memory. (512 threads
// have 128 registers each, and 161 KiB between them.)
constexpr int kInRegisters = 64, kInCrowdedRegisters = 56;

// A row's sum, in parts that do not wait for each other: more of them where there is one row alone.
template <int Rows>
struct Parts {
  static constexpr int kCount = Rows == 1 ? 4 : 2;
  float of[kCount] = {};

  __device__ __forceinline__ void add(float a, float b, float c, float d, float4 v) {
    of[0] += a * v.x;
    of[1] += b * v.y;
    of[2 % kCount] += c * v.z;
    of[3 % kCount] += d * v.w;
  }
  __device__ float sum() const {
    if constexpr (kCount == 2) return of[0] + of[1];
    return (of[0] + of[1]) + (of[2 % kCount] + of[3 % kCount]);
  }
};

// A thread's weights for Units numbers.
template <int Units>
struct Weights {
  static constexpr int kOwn = Units <= kInRegisters ? Units : kInCrowdedRegisters;
  float own[kOwn];
  SharedPointer<float> rest;  // [Units − kOwn, threads]

  // weight(k): the k-th of them.
  template <class F>
  __device__ Weights(SharedPointer<float> memory, F weight) : rest(memory + static_cast<int>(threadIdx.x)) {
#pragma unroll
    for (int k = 0; k < kOwn; ++k) own[k] = weight(k);
#pragma unroll 1
    for (int k = kOwn; k < Units; ++k) rest[(k - kOwn) * static_cast<int>(blockDim.x)] = weight(k);
  }

  // sums[r] += Σ_k weight(k) · vectors[r · stride + k]
  template <int Rows>
  __device__ void multiply(SharedPointer<float> vectors, int stride, float (&sums)[Rows]) const {
    Parts<Rows> parts[Rows];
#pragma unroll
    for (int k = 0; k < kOwn; k += 4)
      add<Rows>(vectors + k, stride, own[k], own[k + 1], own[k + 2], own[k + 3], parts);
#pragma unroll 1  // registers are short
    for (int k = kOwn; k < Units; k += 4) {
      const int step = static_cast<int>(blockDim.x), at = (k - kOwn) * step;
      add<Rows>(vectors + k, stride, rest[at], rest[at + step], rest[at + 2 * step], rest[at + 3 * step],
                parts);
    }
#pragma unroll
    for (int r = 0; r < Rows; ++r) sums[r] += parts[r].sum();
  }

 private:
  template <int Rows>
  static __device__ __forceinline__ void add(SharedPointer<float> vectors, int stride, float a, float b,
                                             float c, float d, Parts<Rows> (&parts)[Rows]) {
#pragma unroll
    for (int r = 0; r < Rows; ++r) parts[r].add(a, b, c, d, load4(vectors, r * stride));
  }
};

// The floats of shared memory that Weights want besides.
template <int Units>
constexpr int64_t rest_floats(unsigned threads) {
  return static_cast<int64_t>(Units - Weights<Units>::kOwn) * threads;
}

// Whether there is such a row and such a unit.
__device__ inline bool exists(const Sequence& s, const Place& p) {
  return p.row < s.rows && p.unit < s.units;
}

// Forward. A layer has
//   Sequence s
//   float weight(int k, const Place&) const: of the state's unit k for the place's gate
//   float initial(const Place&, bool memory) const: h0, or what it carries beside h
//   float projected(const Place&, int64_t at) const: a gate before its activation, less what depends on h
//   float update(const Place&, float sum, float& h, float& memory) const: the gate's number that is kept;
//     called by all lanes, existing or not
//   void store(const Place&, int64_t at, float kept, float h, float memory) const
//   void finish(const Place&, float h, float memory) const
template <class Layer, int Units, int Rows>
__global__ void __launch_bounds__(kGates* Units) forward_kernel(Layer layer) {
  const SharedPointer<float> states = dynamic_shared<float>();  // [2][Rows][Units]
  const Sequence s = layer.s;
  const int unit = static_cast<int>(threadIdx.x) / kGates, gate = static_cast<int>(threadIdx.x) % kGates;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * Rows;
  const auto place = [=](int r) { return Place{first + r, unit, gate}; };
  const Weights<Units> weights(states + 2 * Rows * Units, [&](int k) {
    return k < s.units && unit < s.units ? layer.weight(k, place(0)) : 0.0f;
  });
  float h[Rows], memory[Rows], ahead[Rows];
  for (int i = static_cast<int>(threadIdx.x); i < 2 * Rows * Units; i += static_cast<int>(blockDim.x))
    states[i] = 0;
  sync_block();
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
    const bool there = exists(s, place(r));
    h[r] = there ? layer.initial(place(r), false) : 0.0f;
    memory[r] = there ? layer.initial(place(r), true) : 0.0f;
    ahead[r] = there ? layer.projected(place(r), s.at(first + r, 0)) : 0.0f;
    if (there && gate == 0) states[r * Units + unit] = h[r];
  }
  sync_block();
  for (int64_t step = 0; step < s.steps; ++step) {
    const int now = static_cast<int>(step % 2) * Rows * Units, next = Rows * Units - now;
    float sums[Rows];
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      sums[r] = ahead[r];  // what the next step wants is asked for now
      if (step + 1 < s.steps && exists(s, place(r)))
        ahead[r] = layer.projected(place(r), s.at(first + r, step + 1));
    }
    weights.template multiply<Rows>(states + now, Units, sums);
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      const float kept = layer.update(place(r), sums[r], h[r], memory[r]);
      if (!exists(s, place(r))) continue;
      if (gate == 0) states[next + r * Units + unit] = h[r];
      layer.store(place(r), s.at(first + r, step), kept, h[r], memory[r]);
    }
    sync_block();
  }
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
    if (exists(s, place(r))) layer.finish(place(r), h[r], memory[r]);
  }
}

constexpr int kSlopePad = 4;  // keeps the four gates of a row in different banks

// Backward. A layer has
//   weight, as above: of gate's slope k for the place's unit
//   Loaded: what a step needs from memory
//   float initial(const Place&, bool memory) const: the gradients of the last h and memory
//   Loaded load(const Place&, int64_t step) const
//   float slope(const Place&, const Loaded&, float& dh, float& memory) const: of the gate's number before its
//     activation; leaves in dh what reaches the h before directly; called by all lanes
//   void store(const Place&, int64_t at, float slope) const
//   void finish(const Place&, float dh, float memory) const
template <class Layer, int Units, int Rows>
__global__ void __launch_bounds__(kGates* Units) backward_kernel(Layer layer) {
  constexpr int kLine = Units + kSlopePad, kRow = kGates * kLine;
  const SharedPointer<float> slopes = dynamic_shared<float>();  // [2][Rows][kGates][kLine]
  const Sequence s = layer.s;
  const int unit = static_cast<int>(threadIdx.x) / kGates, gate = static_cast<int>(threadIdx.x) % kGates;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * Rows;
  const auto place = [=](int r) { return Place{first + r, unit, gate}; };
  const Weights<Units> weights(slopes + 2 * Rows * kRow, [&](int k) {
    return k < s.units && unit < s.units ? layer.weight(k, place(0)) : 0.0f;
  });
  float dh[Rows], memory[Rows];
  typename Layer::Loaded ahead[Rows] = {};
  for (int i = static_cast<int>(threadIdx.x); i < 2 * Rows * kRow; i += static_cast<int>(blockDim.x))
    slopes[i] = 0;
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
    const bool there = exists(s, place(r));
    dh[r] = there ? layer.initial(place(r), false) : 0.0f;
    memory[r] = there ? layer.initial(place(r), true) : 0.0f;
    if (there) ahead[r] = layer.load(place(r), s.steps - 1);
  }
  sync_block();
  for (int64_t step = s.steps - 1; step >= 0; --step) {
    const int now = static_cast<int>(step % 2) * Rows * kRow;
    float sums[Rows] = {};
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      const float slope = layer.slope(place(r), ahead[r], dh[r], memory[r]);
      if (!exists(s, place(r))) continue;
      slopes[now + r * kRow + gate * kLine + unit] = slope;
      layer.store(place(r), s.at(first + r, step), slope);
      if (step > 0) ahead[r] = layer.load(place(r), step - 1);
    }
    sync_block();
    weights.template multiply<Rows>(slopes + (now + gate * kLine), kRow, sums);
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      sums[r] += shuffle_xor(sums[r], 1);
      sums[r] += shuffle_xor(sums[r], 2);
      dh[r] += sums[r];
    }
  }
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
    if (exists(s, place(r))) layer.finish(place(r), dh[r], memory[r]);
  }
}

// ---- launching ----

// One row to a block while that does not fill the GPU, then four, so that a weight read serves four rows.
constexpr int64_t kSingleRows = 192;
constexpr int kManyRows = 4;

template <int Units>
Grid steps_grid(const Sequence& s, int rows, int64_t floats) {
  const auto threads = static_cast<unsigned>((s.units * kGates + kWarp - 1) / kWarp * kWarp);
  const int64_t blocks = (s.rows + rows - 1) / rows;
  return {dim3(static_cast<unsigned>(blocks)), dim3(threads),
          sizeof(float) * static_cast<size_t>(floats + rest_floats<Units>(threads))};
}

template <int Units, int Rows>
Grid forward_grid(const Sequence& s) {
  return steps_grid<Units>(s, Rows, 2 * Rows * Units);
}
template <int Units, int Rows>
Grid backward_grid(const Sequence& s) {
  return steps_grid<Units>(s, Rows, 2 * Rows * kGates * (Units + kSlopePad));
}

// Whether a block holds the layer's weights: the same answer for both directions and any number of rows.
inline bool is_held(const Sequence& s) {
  return s.units <= kInRegisters ||
         (s.units <= kHeldUnits && backward_grid<kHeldUnits, kManyRows>(s).shared <= shared_of_block());
}

template <class Layer, int Units>
void run_rows(Call& call, const Layer& layer) {
  const bool single = layer.s.rows <= kSingleRows;
  if constexpr (Layer::kForward) {
    single ? launch<forward_kernel<Layer, Units, 1>>(call, forward_grid<Units, 1>(layer.s), layer)
           : launch<forward_kernel<Layer, Units, kManyRows>>(call, forward_grid<Units, kManyRows>(layer.s),
                                                             layer);
  } else {
    single ? launch<backward_kernel<Layer, Units, 1>>(call, backward_grid<Units, 1>(layer.s), layer)
           : launch<backward_kernel<Layer, Units, kManyRows>>(call, backward_grid<Units, kManyRows>(layer.s),
                                                              layer);
  }
}

// All steps of a layer that is held, forward or backward.
template <class Layer>
void run_steps(Call& call, const Layer& layer) {
  if (layer.s.rows == 0 || layer.s.units == 0) return;
  if (layer.s.units <= 32) return run_rows<Layer, 32>(call, layer);
  if (layer.s.units <= 64) return run_rows<Layer, 64>(call, layer);
  run_rows<Layer, kHeldUnits>(call, layer);
}

}  // namespace
}  // namespace landbridge::cuda
