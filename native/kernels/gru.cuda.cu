// A layer of gated recurrent units over whole sequences (Cho et al. 2014, in the form that cuDNN and PyTorch
// share: the reset gate acts on the finished product h·Wh + bias), and its backward sweep:
//   r, z = sigmoid(x·Wx + h·Wh + bias), m = h·Wh_n + bias_m, n = tanh(x·Wx_n + bias_n + r·m),
//   h' = n + z·(h − n)
// x[N, T, C], Wx[C, 3H], Wh[H, 3H] in the order r, z, n; bias[4H]: r, z, n, m. Param: reverse.
// See recurrent.h for what is one launch and what is one per step.
#include "../cuda/gru_backward.h"
#include "../cuda/gru_forward.h"

namespace landbridge::cuda {
namespace {

void gru_forward(Call& call) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank == 3 && wx.rank == 2 && wh.rank == 2,
                     "expected x[N, T, C], Wx[C, 3H] and Wh[H, 3H]");
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  if (s.all() * s.units == 0) return;
  const bool keeps = static_cast<bool>(call.out(2));
  GruForward layer{s,
                   global<const float>(wh),
                   global<const float>(call.in(3)),
                   global<const float>(call.in(4)),
                   global<float>(call.out(2)),
                   global<float>(call.out(0)),
                   global<float>(call.out(1)),
                   keeps};
  if (!keeps) layer.gates = scratch<float>(call, s.all() * kGates * s.units);
  if (!layer.gates) return;
  project(call, s, 3, layer.gates);
  is_held(s) ? run_steps(call, layer) : run_wide(call, layer);
}

void gru_gradient(Call& call) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  const int64_t width = kGates * s.units, three = 3 * s.units, all = s.all();
  const Global<float> slopes = scratch<float>(call, all * width);
  if (!slopes && all * width > 0) return;
  const GruBackward layer{s,
                          global<const float>(wh),
                          global<const float>(call.in(3)),
                          global<const float>(call.in(4)),
                          global<const float>(call.in(5)),
                          global<const float>(call.in(6)),
                          global<const float>(call.in(7)),
                          slopes,
                          global<float>(call.out(4))};
  is_held(s) ? run_steps(call, layer) : run_wide(call, layer);
  const auto input = global<const float>(x), input_weight = global<const float>(wx);
  const auto dx = global<float>(call.out(0)), dwx = global<float>(call.out(1)),
             dwh = global<float>(call.out(2));
  if (call.out(3)) sum_columns(call, slopes, all, width, global<float>(call.out(3)));
  // Of r, z, n: the first three of four.
  if (dx)
    multiply(call, all, s.inputs, three, {slopes, width, false}, {input_weight, three, true}, dx, s.inputs);
  if (dwx) multiply(call, s.inputs, three, all, {input, s.inputs, true}, {slopes, width, false}, dwx, three);
  if (!dwh) return;
  const HiddenGradient hidden{s, slopes, layer.output, layer.h0};
  hidden.run(call, 0, 2 * s.units, dwh, three);  // of r, z and, past n, of m
  hidden.run(call, three, s.units, dwh + 2 * s.units, three);
}

}  // namespace
}  // namespace landbridge::cuda

// Inputs: x, Wx, Wh, bias, h0 (the last two optional). Outputs: the states h of all steps, the last h;
// optional, for the gradient: gates and m [N, T, 4H].
LANDBRIDGE_KERNEL(gru, cuda, float32) {
  landbridge::cuda::gru_forward(call);
}

// Inputs: x, Wx, Wh, the states of all steps, gates; optional: h0, and the gradients of the states and of the
// last h. Outputs, each optional: gradients of x, Wx, Wh, bias, h0.
LANDBRIDGE_KERNEL(gruGradient, cuda, float32) {
  landbridge::cuda::gru_gradient(call);
}
