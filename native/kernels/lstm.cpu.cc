// A layer of long short-term memory over whole sequences (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers et al. 2000), and its backward sweep. With a = x·Wx + h·Wh + bias in four parts:
//   i, f, o = sigmoid(a_i, a_f, a_o), g = tanh(a_g), c' = f·c + i·g, h' = o·tanh(c')
// x[N, T, C], Wx[C, 4H], Wh[H, 4H], bias[4H]; gates stand in the order i, f, g, o. Param: reverse.
#include "../cpu/recurrent.h"

namespace {

using namespace lb::recurrent;
namespace simd = lb::simd;

Sequence sequence_of(Call& call, const View& x, const View& hidden_weight) {
  return {x.dim(0), x.dim(1), hidden_weight.dim(0), call.flag(0)};
}

// One block of rows on its way through the steps.
struct Forward {
  Sequence s;
  const float* packed;
  float *gates, *output, *cells;  // [N, T, 4H], [N, T, H] twice; cells may be null
  bool keep;                      // the gates are wanted afterwards
  float *h, *next, *c;            // of the block, rows padded

  template <int R>
  LB_INLINE void tile(int64_t first, int64_t step, int64_t row, int64_t unit) const {
    const int64_t ld = padded(s.units);
    vf acc[R][4] = {};
    multiply<R, 4>(s.units, h + row * ld, ld, packed + unit * s.units * 4, acc);
    const Lanes lanes{least(kLanes, s.units - unit)};
    for (int r = 0; r < R; ++r) cell(lanes, s.at(first + row + r, step), (row + r) * ld + unit, unit, acc[r]);
  }

  // `at`: the row's step in the tensors; `own`: the place of the units in the buffers.
  LB_INLINE void cell(Lanes lanes, int64_t at, int64_t own, int64_t unit, const vf (&a)[4]) const {
    float* gate = gates + at * 4 * s.units + unit;
    const vf i = simd::sigmoid(a[0] + lanes.load(gate));
    const vf f = simd::sigmoid(a[1] + lanes.load(gate + s.units));
    const vf g = simd::tanh(a[2] + lanes.load(gate + 2 * s.units));
    const vf o = simd::sigmoid(a[3] + lanes.load(gate + 3 * s.units));
    const vf memory = f * simd::load(c + own) + i * g;
    const vf result = o * simd::tanh(memory);
    simd::store(c + own, memory);
    simd::store(next + own, result);
    lanes.store(output + at * s.units + unit, result);
    if (!keep) return;
    lanes.store(cells + at * s.units + unit, memory);
    lanes.store(gate, i);
    lanes.store(gate + s.units, f);
    lanes.store(gate + 2 * s.units, g);
    lanes.store(gate + 3 * s.units, o);
  }

  void run(int64_t first, int64_t count) {
    for (int64_t step = 0; step < s.steps; ++step) {
      for (int64_t unit = 0; unit < s.units; unit += kLanes) {
        for_each_tile<kTileRows<4>>(count, [&]<int R>(int64_t row) { tile<R>(first, step, row, unit); });
      }
      float* const done = h;
      h = next, next = done;
    }
  }
};

// One block of rows on its way back.
struct Backward {
  Sequence s;
  const float *gates, *cells, *c0, *dy;  // c0 and dy may be null
  float* slopes;                         // d/da of every row and step, [N, T, 4H]
  double* bias;                          // sums of slopes, [4H]
  float *dh, *dc, *own;                  // of the block, rows padded: [H], [H], [4H]

  LB_INLINE void cell(Lanes lanes, int64_t at, int64_t before, int64_t r, int64_t unit, vf (&sums)[4]) const {
    const int64_t units = s.units, place = r * padded(units) + unit;
    const float* gate = gates + at * 4 * units + unit;
    const vf i = lanes.load(gate), f = lanes.load(gate + units);
    const vf g = lanes.load(gate + 2 * units), o = lanes.load(gate + 3 * units);
    const vf t = simd::tanh(lanes.load(cells + at * units + unit));
    const float* earlier = before < 0 ? c0 : cells;
    const vf c = earlier ? lanes.load(earlier + (before < 0 ? -1 - before : before) * units + unit) : vf{};
    vf up = simd::load(dh + place);
    if (dy) up += lanes.load(dy + at * units + unit);
    const vf memory = simd::load(dc + place) + up * o * (1.0f - t * t);
    simd::store(dc + place, memory * f);
    const vf slope[4] = {memory * g * (i * (1.0f - i)), memory * c * (f * (1.0f - f)),
                         memory * i * (1.0f - g * g), up * t * (o * (1.0f - o))};
    for (int v = 0; v < 4; ++v) {
      lanes.store(own + r * padded(4 * units) + v * units + unit, slope[v]);
      lanes.store(slopes + (at * 4 + v) * units + unit, slope[v]);
      sums[v] += slope[v];
    }
  }

  void gradients(int64_t first, int64_t count, int64_t step) const {
    for (int64_t unit = 0; unit < s.units; unit += kLanes) {
      const Lanes lanes{least(kLanes, s.units - unit)};
      vf sums[4] = {};
      for (int64_t r = 0; r < count; ++r) {
        const int64_t before = step > 0 ? s.at(first + r, step - 1) : -1 - (first + r);
        cell(lanes, s.at(first + r, step), before, r, unit, sums);
      }
      for (int v = 0; v < 4; ++v) add_lanes(bias + v * s.units + unit, sums[v], lanes.count);
    }
  }

  void run(int64_t first, int64_t count, const float* packed, bool through) {
    for (int64_t step = s.steps; step-- > 0;) {
      gradients(first, count, step);
      if (step == 0 && !through) return;
      multiply_transposed(count, s.units, 4 * s.units, own, padded(4 * s.units), packed, dh, padded(s.units),
                          false);
    }
  }
};

const float* values(const View& view) {
  return view ? view.as<const float>() : nullptr;
}

}  // namespace

// Inputs: x, Wx, Wh, bias, h0, c0 (the last three optional). Outputs: the states h of all steps, the last h
// and c; optional, for the gradient: gates [N, T, 4H] and memories c [N, T, H].
LANDBRIDGE_KERNEL(lstm, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank == 3 && wx.rank == 2 && wh.rank == 2,
                     "expected x[N, T, C], Wx[C, 4H] and Wh[H, 4H]");
  const Sequence s = sequence_of(call, x, wh);
  const int64_t units = s.units, inputs = x.dim(2), buffer = s.buffer(units);
  const bool keep = static_cast<bool>(call.out(3));
  float* gates = keep ? call.out(3).as<float>() : call.workspace<float>(s.rows * s.steps * 4 * units);
  float* packed = call.workspace<float>(packed_gates<4>(units));
  float* buffers = call.workspace<float>(s.blocks() * 3 * buffer);
  if (gates == nullptr || packed == nullptr || buffers == nullptr) return;
  pack_gates<4>(call, wh.as<const float>(), units, packed);
  product(call, s.rows * s.steps, 4 * units, inputs, {x.as<const float>(), inputs, false},
          {wx.as<const float>(), 4 * units, false}, gates, 4 * units, false, values(call.in(3)));
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* h = buffers + block * 3 * buffer;
    Forward task{s,    packed, gates,      call.out(0).as<float>(), keep ? call.out(4).as<float>() : nullptr,
                 keep, h,      h + buffer, h + 2 * buffer};
    load_rows(call.in(4), first, count, units, task.h);
    load_rows(call.in(5), first, count, units, task.c);
    task.run(first, count);
    store_rows(task.h, first, count, units, call.out(1));
    store_rows(task.c, first, count, units, call.out(2));
  });
}

// Inputs: x, Wx, Wh, the states of all steps, gates, memories; optional: h0, c0, and the gradients of the
// states, the last h and the last c. Outputs, each optional: gradients of x, Wx, Wh, bias, h0, c0.
LANDBRIDGE_KERNEL(lstmGradient, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2), &output = call.in(3);
  const Sequence s = sequence_of(call, x, wh);
  const int64_t units = s.units, inputs = x.dim(2), all = s.rows * s.steps, width = 4 * units;
  const int64_t buffer = s.buffer(units), wide = s.buffer(width);
  float* slopes = call.workspace<float>(all * width);
  float* packed = call.workspace<float>(packed_transposed(units, width));
  float* buffers = call.workspace<float>(s.blocks() * (2 * buffer + wide));
  double* partial = call.workspace<double>(s.blocks() * width);
  if (slopes == nullptr || packed == nullptr || buffers == nullptr || partial == nullptr) return;
  pack_transposed(call, wh.as<const float>(), units, width, packed);
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* dh = buffers + block * (2 * buffer + wide);
    double* bias = partial + block * width;
    for (int64_t i = 0; i < width; ++i) bias[i] = 0;
    Backward task{
        s,  values(call.in(4)), values(call.in(5)), values(call.in(7)), values(call.in(8)), slopes, bias,
        dh, dh + buffer,        dh + 2 * buffer};
    load_rows(call.in(9), first, count, units, task.dh);
    load_rows(call.in(10), first, count, units, task.dc);
    task.run(first, count, packed, static_cast<bool>(call.out(4)));
    store_rows(task.dh, first, count, units, call.out(4));
    store_rows(task.dc, first, count, units, call.out(5));
  });
  if (call.out(3)) combine(partial, s.blocks(), width, call.out(3));
  const Matrix slope{slopes, width, false};
  if (call.out(0)) {
    product(call, all, inputs, width, slope, {wx.as<const float>(), width, true}, call.out(0).as<float>(),
            inputs);
  }
  if (call.out(1)) {
    product(call, inputs, width, all, {x.as<const float>(), inputs, true}, slope, call.out(1).as<float>(),
            width);
  }
  if (call.out(2)) {
    const GateGradients gradients{slopes, width};
    gradients.hidden_weight(call, s, output, call.in(6), 0, width, call.out(2).as<float>(), width);
  }
}
