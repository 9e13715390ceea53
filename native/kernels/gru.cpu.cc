// A layer of gated recurrent units over whole sequences (Cho et al. 2014, in the form that cuDNN and PyTorch
// share: the reset gate acts on the finished product h·Wh + bias), and its backward sweep:
//   r, z = sigmoid(x·Wx + h·Wh + bias), m = h·Wh_n + bias_m, n = tanh(x·Wx_n + bias_n + r·m),
//   h' = n + z·(h − n)
// x[N, T, C], Wx[C, 3H], Wh[H, 3H] in the order r, z, n; bias[4H]: r, z, n, m. Param: reverse.
#include "../cpu/recurrent.h"

namespace {

using namespace lb::recurrent;
namespace simd = lb::simd;

// One block of rows on its way through the steps.
struct Forward {
  Sequence s;
  const float *packed[2], *bias;
  float *gates, *output;  // [N, T, 4H]: r, z, n, m, or null if nobody wants them; [N, T, H]
  Inputs in;

  // `at`: the row's step in the tensors; `row`: in the block.
  LB_INLINE void cell(Lanes lanes, int64_t at, int64_t row, int64_t unit, const vf (&a)[4]) const {
    const vf r = gate_sigmoid(a[0]), z = gate_sigmoid(a[1]), m = a[3];
    const vf n = gate_tanh(a[2] + r * m);
    const vf h = n + z * (lanes.load(in.h() + row * in.stride + unit) - n);
    lanes.store(in.next_h() + row * in.stride + unit, h);
    lanes.store(output + at * s.units + unit, h);
    if (gates == nullptr) return;
    float* gate = gates + at * 4 * s.units + unit;
    lanes.store(gate, r);
    lanes.store(gate + s.units, z);
    lanes.store(gate + 2 * s.units, n);
    lanes.store(gate + 3 * s.units, m);
  }

  void run(int64_t first, int64_t count) {
    for (int64_t step = 0; step < s.steps; ++step) {
      in.begin(first, count, step);
      for (int64_t unit = 0; unit < s.units; unit += kLanes) {
        const Lanes lanes{least(kLanes, s.units - unit)};
        for_each_tile(count, [&]<int R>(int64_t row) {
          vf acc[R][4];
          gate_sums<3>(in, packed, bias, row, unit, lanes, acc);
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
  const float *gates, *output, *h0, *dy;  // h0 and dy may be null
  float* slopes;    // d/d(r, z, n before their activations, m) of every row and step, [N, T, 4H]
  double* bias;     // sums of slopes, [4H]
  float *dh, *own;  // of the block, rows padded: [H]; [4H], slopes of n, r, z (for x) and m (with r, z for h)

  // `before`: where the state stands that this step began with; null: zeros.
  LB_INLINE void cell(Lanes lanes, int64_t at, const float* before, int64_t row, int64_t unit,
                      vf (&sums)[4]) const {
    const int64_t units = s.units, place = row * padded(units) + unit;
    const float* gate = gates + at * 4 * units + unit;
    const vf r = lanes.load(gate), z = lanes.load(gate + units);
    const vf n = lanes.load(gate + 2 * units), m = lanes.load(gate + 3 * units);
    const vf h = before ? lanes.load(before + unit) : vf{};
    vf up = simd::load(dh + place);
    if (dy) up += lanes.load(dy + at * units + unit);
    simd::store(dh + place, up * z);  // the product with the slopes comes on top
    const vf dn = up * (1.0f - z) * (1.0f - n * n);
    const vf slope[4] = {dn * m * (r * (1.0f - r)), up * (h - n) * (z * (1.0f - z)), dn, dn * r};
    float* mine = own + row * padded(4 * units) + unit;
    for (int v = 0; v < 4; ++v) {
      lanes.store(slopes + (at * 4 + v) * units + unit, slope[v]);
      lanes.store(mine + (v < 2 ? v + 1 : v == 2 ? 0 : 3) * units, slope[v]);
      sums[v] += slope[v];
    }
  }

  const float* before(int64_t row, int64_t step) const {
    if (step > 0) return output + s.at(row, step - 1) * s.units;
    return h0 ? h0 + row * s.units : nullptr;
  }

  void gradients(int64_t first, int64_t count, int64_t step) const {
    for (int64_t unit = 0; unit < s.units; unit += kLanes) {
      const Lanes lanes{least(kLanes, s.units - unit)};
      vf sums[4] = {};
      for (int64_t r = 0; r < count; ++r) {
        cell(lanes, s.at(first + r, step), before(first + r, step), r, unit, sums);
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
      if (step > 0 || through) to_h(count, own + s.units, stride, dh, padded(s.units), true);
    }
  }
};

}  // namespace

// Inputs: x, Wx, Wh, bias, h0 (the last two optional). Outputs: the states h of all steps, the last h;
// optional, for the gradient: gates and m [N, T, 4H].
LANDBRIDGE_KERNEL(gru, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank == 3 && wx.rank == 2 && wh.rank == 2,
                     "expected x[N, T, C], Wx[C, 3H] and Wh[H, 3H]");
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  const int64_t units = s.units, size = Inputs::size(s);
  const float* input_weights = pack_gates<3>(call, wx, s.inputs, units);
  const float* hidden_weights = pack_gates<3>(call, wh, units, units);
  float* buffers = call.workspace<float>(s.blocks() * size);
  if (input_weights == nullptr || hidden_weights == nullptr || buffers == nullptr) return;
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    Forward task{s,
                 {input_weights, hidden_weights},
                 values(call.in(3)),
                 call.out(2).as<float>(),
                 call.out(0).as<float>(),
                 {s, x, buffers + block * size}};
    load_rows(call.in(4), first, count, units, task.in.h(), task.in.stride);
    task.run(first, count);
    store_rows(task.in.h(), task.in.stride, first, count, units, call.out(1));
  });
}

// Inputs: x, Wx, Wh, the states of all steps, gates; optional: h0, and the gradients of the states and of the
// last h. Outputs, each optional: gradients of x, Wx, Wh, bias, h0.
LANDBRIDGE_KERNEL(gruGradient, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2), &output = call.in(3);
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  const int64_t units = s.units, inputs = s.inputs, all = s.rows * s.steps, width = 4 * units,
                three = 3 * units;
  const int64_t stride = padded(units), buffer = s.buffer(units), size = buffer + s.buffer(width);
  float* slopes = call.workspace<float>(all * width);
  float* buffers = call.workspace<float>(s.blocks() * size);
  double* partial = call.workspace<double>(s.blocks() * width);
  const TransposedProduct to_h{units, three, pack_transposed(call, wh, units, three)};
  const TransposedProduct to_x{
      inputs, three, call.out(0) ? pack_transposed(call, wx, inputs, three, 2 * units) : to_h.packed};
  if (slopes == nullptr || buffers == nullptr || partial == nullptr || !to_h.packed || !to_x.packed) return;
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* dh = buffers + block * size;
    double* bias = partial + block * width;
    for (int64_t i = 0; i < width; ++i) bias[i] = 0;
    const Backward task{
        s,  values(call.in(4)), values(output), values(call.in(5)), values(call.in(6)), slopes, bias,
        dh, dh + buffer};
    load_rows(call.in(7), first, count, units, task.dh, stride);
    task.run(first, count, to_h, to_x, call.out(0).as<float>(), static_cast<bool>(call.out(4)));
    store_rows(task.dh, stride, first, count, units, call.out(4));
  });
  if (call.out(3)) combine(partial, s.blocks(), width, call.out(3));
  const Matrix slope{slopes, width, false};  // of r, z, n: the first three of four
  if (call.out(1)) {
    product(call, inputs, three, all, {x.as<const float>(), inputs, true}, slope, call.out(1).as<float>(),
            three);
  }
  if (call.out(2)) {  // of r, z and, past n, of m
    const GateGradients gradients{slopes, width};
    float* out = call.out(2).as<float>();
    gradients.hidden_weight(call, s, output, call.in(5), 0, 2 * units, out, three);
    gradients.hidden_weight(call, s, output, call.in(5), three, units, out + 2 * units, three);
  }
}
