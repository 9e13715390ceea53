// A layer of long short-term memory over whole sequences (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers et al. 2000), and its backward sweep. With a = x·Wx + h·Wh + bias in four parts:
//   i, f, o = sigmoid(a_i, a_f, a_o), g = tanh(a_g), c' = f·c + i·g, h' = o·tanh(c')
// x[N, T, C], Wx[C, 4H], Wh[H, 4H], bias[4H]; gates stand in the order i, f, g, o. Param: reverse.
// See recurrent.h for what is one launch and what is one per step.
#include "../cuda/lstm_backward.h"

namespace landbridge::cuda {
namespace {

void lstm_forward(Call& call) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  LANDBRIDGE_REQUIRE(x.rank == 3 && wx.rank == 2 && wh.rank == 2,
                     "expected x[N, T, C], Wx[C, 4H] and Wh[H, 4H]");
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  if (s.all() * s.units == 0) return;
  const bool keeps = static_cast<bool>(call.out(3));
  LstmForward layer{s,
                    global<const float>(wh),
                    global<const float>(call.in(4)),
                    global<const float>(call.in(5)),
                    global<float>(call.out(3)),
                    global<float>(call.out(0)),
                    global<float>(call.out(4)),
                    global<float>(call.out(1)),
                    global<float>(call.out(2))};
  if (!keeps) layer.gates = scratch<float>(call, s.all() * kGates * s.units);
  if (!layer.gates) return;
  project(call, s, kGates, layer.gates);
  is_held(s) ? run_steps(call, layer) : run_wide(call, layer);
}

void lstm_gradient(Call& call) {
  const View &x = call.in(0), &wx = call.in(1), &wh = call.in(2);
  const Sequence s = Sequence::of(x, wh, call.flag(0));
  const int64_t width = kGates * s.units, all = s.all();
  const Global<float> slopes = scratch<float>(call, all * width);
  if (!slopes && all * width > 0) return;
  const LstmBackward layer{s,
                           global<const float>(wh),
                           global<const float>(call.in(4)),
                           global<const float>(call.in(5)),
                           global<const float>(call.in(7)),
                           global<const float>(call.in(8)),
                           global<const float>(call.in(9)),
                           global<const float>(call.in(10)),
                           slopes,
                           global<float>(call.out(4)),
                           global<float>(call.out(5))};
  is_held(s) ? run_steps(call, layer) : run_wide(call, layer);
  const auto input = global<const float>(x), input_weight = global<const float>(wx);
  const auto dx = global<float>(call.out(0)), dwx = global<float>(call.out(1)),
             dwh = global<float>(call.out(2));
  if (call.out(3)) sum_columns(call, slopes, all, width, global<float>(call.out(3)));
  if (dx)
    multiply(call, all, s.inputs, width, {slopes, width, false}, {input_weight, width, true}, dx, s.inputs);
  if (dwx) multiply(call, s.inputs, width, all, {input, s.inputs, true}, {slopes, width, false}, dwx, width);
  const HiddenGradient hidden{s, slopes, global<const float>(call.in(3)), global<const float>(call.in(6))};
  if (dwh) hidden.run(call, 0, width, dwh, width);
}

}  // namespace
}  // namespace landbridge::cuda

// Inputs: x, Wx, Wh, bias, h0, c0 (the last three optional). Outputs: the states h of all steps, the last h
// and c; optional, for the gradient: gates [N, T, 4H] and memories c [N, T, H].
LANDBRIDGE_KERNEL(lstm, cuda, float32) {
  landbridge::cuda::lstm_forward(call);
}

// Inputs: x, Wx, Wh, the states of all steps, gates, memories; optional: h0, c0, and the gradients of the
// states, the last h and the last c. Outputs, each optional: gradients of x, Wx, Wh, bias, h0, c0.
LANDBRIDGE_KERNEL(lstmGradient, cuda, float32) {
  landbridge::cuda::lstm_gradient(call);
}
