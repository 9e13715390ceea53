// A layer of gated recurrent units over whole sequences (Cho et al. 2014, in the form that cuDNN and PyTorch
// share: the reset gate acts on the finished product h·Wh + bias), and its backward sweep:
//   r, z = sigmoid(x·Wx + h·Wh + bias), m = h·Wh_n + bias_m, n = tanh(x·Wx_n + bias_n + r·m), h' = n + z·(h −
//   n)
// x[N, T, C], Wx[C, 3H], Wh[H, 3H] in the order r, z, n; bias[4H]: r, z, n, m. Param: reverse.
#include "../cpu/recurrent.h"

namespace {

using namespace lb::recurrent;
namespace simd = lb::simd;

Sequence sequence_of(Call& call, const View& x, const View& hidden_weight) {
  return {x.dim(0), x.dim(1), hidden_weight.dim(0), call.flag(0)};
}
const float* values(const View& view) {
  return view ? view.as<const float>() : nullptr;
}

// One block of rows on its way through the steps.
struct Forward {
  Sequence s;
  const float *packed, *bias;  // bias_m[H] or null
  float *gates, *output;       // [N, T, 4H]: r, z, n, m; [N, T, H]
  bool keep;                   // the gates are wanted afterwards
  float *h, *next;             // of the block, rows padded

  template <int R>
  LB_INLINE void tile(int64_t first, int64_t step, int64_t row, int64_t unit) const {
    const int64_t ld = padded(s.units);
    vf acc[R][3] = {};
    multiply<R, 3>(s.units, h + row * ld, ld, packed + unit * s.units * 3, acc);
    const Lanes lanes{least(kLanes, s.units - unit)};
    for (int r = 0; r < R; ++r) cell(lanes, s.at(first + row + r, step), (row + r) * ld + unit, unit, acc[r]);
  }

  // `at`: the row's step in the tensors; `own`: the place of the units in the buffers.
  LB_INLINE void cell(Lanes lanes, int64_t at, int64_t own, int64_t unit, const vf (&a)[3]) const {
    float* gate = gates + at * 4 * s.units + unit;
    const vf r = simd::sigmoid(a[0] + lanes.load(gate));
    const vf z = simd::sigmoid(a[1] + lanes.load(gate + s.units));
    const vf m = bias ? a[2] + lanes.load(bias + unit) : a[2];
    const vf n = simd::tanh(r * m + lanes.load(gate + 2 * s.units));
    const vf result = n + z * (simd::load(h + own) - n);
    simd::store(next + own, result);
    lanes.store(output + at * s.units + unit, result);
    if (!keep) return;
    lanes.store(gate, r);
    lanes.store(gate + s.units, z);
    lanes.store(gate + 2 * s.units, n);
    lanes.store(gate + 3 * s.units, m);
  }

  void run(int64_t first, int64_t count) {
    for (int64_t step = 0; step < s.steps; ++step) {
      for (int64_t unit = 0; unit < s.units; unit += kLanes) {
        for_each_tile<kTileRows<3>>(count, [&]<int R>(int64_t row) { tile<R>(first, step, row, unit); });
      }
      float* const done = h;
      h = next, next = done;
    }
  }
};

// One block of rows on its way back.
struct Backward {
  Sequence s;
  const float *gates, *output, *h0, *dy;  // h0 and dy may be null
  float* slopes;    // d/d(r, z, n before their activations, m) of every row and step, [N, T, 4H]
  double* bias;     // sums of slopes, [4H]
  float *dh, *own;  // of the block, rows padded: [H], [3H]: slopes of r, z, m

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
    float* mine = own + row * padded(3 * units) + unit;
    for (int v = 0; v < 4; ++v) {
      lanes.store(slopes + (at * 4 + v) * units + unit, slope[v]);
      sums[v] += slope[v];
    }
    lanes.store(mine, slope[0]);
    lanes.store(mine + units, slope[1]);
    lanes.store(mine + 2 * units, slope[3]);
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

  void run(int64_t first, int64_t count, const float* packed, bool through) {
    const int64_t width = 3 * s.units;
    for (int64_t step = s.steps; step-- > 0;) {
      gradients(first, count, step);
      if (step == 0 && !through) return;
      multiply_transposed(count, s.units, width, own, padded(width), packed, dh, padded(s.units), true);
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
  const Sequence s = sequence_of(call, x, wh);
  const int64_t units = s.units, inputs = x.dim(2), buffer = s.buffer(units);
  const bool keep = static_cast<bool>(call.out(2));
  float* gates = keep ? call.out(2).as<float>() : call.workspace<float>(s.rows * s.steps * 4 * units);
  float* packed = call.workspace<float>(packed_gates<3>(units));
  float* buffers = call.workspace<float>(s.blocks() * 2 * buffer);
  if (gates == nullptr || packed == nullptr || buffers == nullptr) return;
  const float* bias = values(call.in(3));
  pack_gates<3>(call, wh.as<const float>(), units, packed);
  product(call, s.rows * s.steps, 3 * units, inputs, {x.as<const float>(), inputs, false},
          {wx.as<const float>(), 3 * units, false}, gates, 4 * units, false, bias);
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* h = buffers + block * 2 * buffer;
    Forward task{s, packed,    bias ? bias + 3 * units : nullptr, gates, call.out(0).as<float>(), keep,
                 h, h + buffer};
    load_rows(call.in(4), first, count, units, task.h);
    task.run(first, count);
    store_rows(task.h, first, count, units, call.out(1));
  });
}

// Inputs: x, Wx, Wh, the states of all steps, gates; optional: h0, and the gradients of the states and of the
// last h. Outputs, each optional: gradients of x, Wx, Wh, bias, h0.
LANDBRIDGE_KERNEL(gruGradient, cpu, float32) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2), &output = call.in(3);
  const Sequence s = sequence_of(call, x, wh);
  const int64_t units = s.units, inputs = x.dim(2), all = s.rows * s.steps, width = 4 * units,
                three = 3 * units;
  const int64_t buffer = s.buffer(units), wide = s.buffer(three);
  float* slopes = call.workspace<float>(all * width);
  float* packed = call.workspace<float>(packed_transposed(units, three));
  float* buffers = call.workspace<float>(s.blocks() * (buffer + wide));
  double* partial = call.workspace<double>(s.blocks() * width);
  if (slopes == nullptr || packed == nullptr || buffers == nullptr || partial == nullptr) return;
  pack_transposed(call, wh.as<const float>(), units, three, packed);
  s.for_each_block(call, [&](int64_t block, int64_t first, int64_t count) {
    float* dh = buffers + block * (buffer + wide);
    double* bias = partial + block * width;
    for (int64_t i = 0; i < width; ++i) bias[i] = 0;
    Backward task{
        s,  values(call.in(4)), values(output), values(call.in(5)), values(call.in(6)), slopes, bias,
        dh, dh + buffer};
    load_rows(call.in(7), first, count, units, task.dh);
    task.run(first, count, packed, static_cast<bool>(call.out(4)));
    store_rows(task.dh, first, count, units, call.out(4));
  });
  if (call.out(3)) combine(partial, s.blocks(), width, call.out(3));
  const Matrix slope{slopes, width, false};  // of r, z, n: the first three of four
  if (call.out(0)) {
    product(call, all, inputs, three, slope, {wx.as<const float>(), three, true}, call.out(0).as<float>(),
            inputs);
  }
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
