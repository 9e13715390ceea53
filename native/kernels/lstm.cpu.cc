// A layer of long short-term memory over whole sequences (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers et al. 2000), and its backward sweep. With a = x·Wx + h·Wh + bias in four parts:
//   i, f, o = sigmoid(a_i, a_f, a_o), g = tanh(a_g), c' = f·c + i·g, h' = o·tanh(c')
// x[N, T, C], Wx[C, 4H], Wh[H, 4H], bias[4H]; gates stand in the order i, f, g, o. Param: reverse.
#include "../cpu/recurrent.h"

namespace {

using namespace lb::recurrent;
namespace simd = lb::simd;

// One block of rows on its way through the steps.
struct Forward {
  Sequence s;
  const float *packed[2], *bias;
  float *gates, *output,
      *cells;  // [N, T, 4H], [N, T, H] twice; gates and cells are null if nobody wants them
  Inputs in;
  float* c;  // of the block, rows padded

  // `at`: the row's step in the tensors; `row`: in the block.
  LB_INLINE void cell(Lanes lanes, int64_t at, int64_t row, int64_t unit, const vf (&a)[4]) const {
    const int64_t units = s.units;
    float* memory = c + row * padded(units) + unit;
    const vf i = gate_sigmoid(a[0]), f = gate_sigmoid(a[1]), g = gate_tanh(a[2]), o = gate_sigmoid(a[3]);
    const vf next = f * lanes.load(memory) + i * g;
    const vf h = o * gate_tanh(next);
    lanes.store(memory, next);
    lanes.store(in.next_h() + row * in.stride + unit, h);
    lanes.store(output + at * units + unit, h);
    if (gates == nullptr) return;
    lanes.store(cells + at * units + unit, next);
    float* gate = gates + at * 4 * units + unit;
    lanes.store(gate, i);
    lanes.store(gate + units, f);
    lanes.store(gate + 2 * units, g);
    lanes.store(gate + 3 * units, o);
  }

  void run(int64_t first, int64_t count) {
    for (int64_t step = 0; step < s.steps; ++step) {
      in.begin(first, count, step);
      for (int64_t unit = 0; unit < s.units; unit += kLanes) {
        const Lanes lanes{least(kLanes, s.units - unit)};
        for_each_tile(count, [&]<int R>(int64_t row) {
          vf acc[R][4];
          gate_sums<4>(in, packed, bias, row, unit, lanes, acc);
          for (int r = 0; r < R; ++r) cell(lanes, s.at(first + row + r, step), row + r, unit, acc[r]);
        });
      }
      in.end();
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
    const vf t = gate_tanh(lanes.load(cells + at * units + unit));
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

  void run(int64_t first, int64_t count, const TransposedProduct& to_h, const TransposedProduct& to_x,
           float* dx, bool through) const {
    const int64_t stride = padded(4 * s.units);
    for (int64_t step = s.steps; step-- > 0;) {
      gradients(first, count, step);
      if (dx) to_x(count, own, stride, dx + s.at(first, step) * s.inputs, s.steps * s.inputs, false);
      if (step > 0 || through) to_h(count, own, stride, dh, padded(s.units), false);
    }
  }
};

}  // namespace

// Inputs: x, Wx, Wh, bias, h0, c0 (the last three optional). Outputs: the states h of all steps, the last h
// and c; optional, for the gradient: gates [N, T, 4H] and memories c [N, T, H].
LANDBRIDGE_KERNEL(lstm, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank == 3 && wx.rank == 2 && wh.rank == 2,
                     "expected x[N, T, C], Wx[C, 4H] and Wh[H, 4H]");
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  const int64_t units = s.units, stride = padded(units), size = Inputs::size(s) + s.buffer(units);
  const float* input_weights = pack_gates<4>(call, wx, s.inputs, units);
  const float* hidden_weights = pack_gates<4>(call, wh, units, units);
  float* buffers = call.workspace<float>(s.blocks() * size);
  if (input_weights == nullptr || hidden_weights == nullptr || buffers == nullptr) return;
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* own = buffers + block * size;
    Forward task{s,
                 {input_weights, hidden_weights},
                 values(call.in(3)),
                 call.out(3).as<float>(),
                 call.out(0).as<float>(),
                 call.out(4).as<float>(),
                 {s, x, own},
                 own + Inputs::size(s)};
    load_rows(call.in(4), first, count, units, task.in.h(), task.in.stride);
    load_rows(call.in(5), first, count, units, task.c, stride);
    task.run(first, count);
    store_rows(task.in.h(), task.in.stride, first, count, units, call.out(1));
    store_rows(task.c, stride, first, count, units, call.out(2));
  });
}

// Inputs: x, Wx, Wh, the states of all steps, gates, memories; optional: h0, c0, and the gradients of the
// states, the last h and the last c. Outputs, each optional: gradients of x, Wx, Wh, bias, h0, c0.
LANDBRIDGE_KERNEL(lstmGradient, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2), &output = call.in(3);
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  const int64_t units = s.units, inputs = s.inputs, all = s.rows * s.steps, width = 4 * units;
  const int64_t stride = padded(units), buffer = s.buffer(units), size = 2 * buffer + s.buffer(width);
  float* slopes = call.workspace<float>(all * width);
  float* buffers = call.workspace<float>(s.blocks() * size);
  double* partial = call.workspace<double>(s.blocks() * width);
  const TransposedProduct to_h{units, width, pack_transposed(call, wh, units, width)};
  const TransposedProduct to_x{inputs, width,
                               call.out(0) ? pack_transposed(call, wx, inputs, width) : to_h.packed};
  if (slopes == nullptr || buffers == nullptr || partial == nullptr || !to_h.packed || !to_x.packed) return;
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* dh = buffers + block * size;
    double* bias = partial + block * width;
    for (int64_t i = 0; i < width; ++i) bias[i] = 0;
    const Backward task{
        s,  values(call.in(4)), values(call.in(5)), values(call.in(7)), values(call.in(8)), slopes, bias,
        dh, dh + buffer,        dh + 2 * buffer};
    load_rows(call.in(9), first, count, units, task.dh, stride);
    load_rows(call.in(10), first, count, units, task.dc, stride);
    task.run(first, count, to_h, to_x, call.out(0).as<float>(), static_cast<bool>(call.out(4)));
    store_rows(task.dh, stride, first, count, units, call.out(4));
    store_rows(task.dc, stride, first, count, units, call.out(5));
  });
  if (call.out(3)) combine(partial, s.blocks(), width, call.out(3));
  const Matrix slope{slopes, width, false};
  if (call.out(1)) {
    product(call, inputs, width, all, {x.as<const float>(), inputs, true}, slope, call.out(1).as<float>(),
            width);
  }
  if (call.out(2)) {
    const GateGradients gradients{slopes, width};
    gradients.hidden_weight(call, s, output, call.in(6), 0, width, call.out(2).as<float>(), width);
  }
}
