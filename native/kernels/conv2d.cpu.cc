// Convolution and its two gradients:
//   conv2d        y[pixel, f]  = activation(Σ_d patch[pixel, d]·w[d, f] + bias[f] + residual[pixel, f])
//   conv2dInput   dx           = the sum of the patches dy·wᵀ at their places, each pixel collecting its own
//   conv2dFilter  dw[d, f]     = Σ_pixel patch[pixel, d]·dy[pixel, f]
// d runs over (kernel row, kernel column, channel of the group). Sums run in an order that only the shape
// decides.
#include "../cpu/conv2d_depthwise3.h"
#include "../cpu/conv2d_implicit.h"
#include "../cpu/conv2d_scatter.h"
#include "../cpu/winograd.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::Convolution;
using lb::Tap;

constexpr const char* kMismatch = "expected x[N,H,W,C], w[kh,kw,C/groups,F] and y[N,H',W',F]";

const float* optional(const View& view) {
  return view ? view.as<const float>() : nullptr;
}

// The one place where shapes choose their algorithm.
enum class Method { depthwise, pointwise, winograd, few_channels, implicit };
enum class Direction { forward, input, filter };
Method method_of(const Convolution& c, Direction direction) {
  if (c.depthwise()) return Method::depthwise;
  if (c.groups > 1) return Method::implicit;
  if (c.pointwise()) return Method::pointwise;
  if (c.winograd && lb::winograd_suits(c, lb::winograd_use())) return Method::winograd;
  if (direction == Direction::input && c.channels <= lb::kFewChannels) return Method::few_channels;
  return Method::implicit;
}

}  // namespace

// Inputs: x, w, optional bias[F], optional residual like y. Output: y.
LANDBRIDGE_KERNEL(conv2d, cpu, float32) {
  const View& out = call.out(0);
  const Convolution c(call, call.in(0), call.in(1), out);
  LANDBRIDGE_REQUIRE(c.valid, kMismatch);
  if (out.count == 0) return;
  const float* x = call.in(0).as<const float>();
  const float* w = call.in(1).as<const float>();
  const lb::Target y{out.as<float>(), optional(call.in(2)), optional(call.in(3)), c.relu};
  Tap* taps = call.workspace<Tap>(c.kernel_h * c.kernel_w);
  if (taps == nullptr) return;
  switch (method_of(c, Direction::forward)) {
    case Method::depthwise: {
      const lb::Phase phase = lb::forward_phase(c, taps);
      const lb::Image image{x, c.height, c.width, c.channels, 1};
      return lb::run_depthwise(call, {phase, image, w, y.bias, y.residual, y.relu, y.data});
    }
    case Method::pointwise:
      return lb::pointwise_forward(call, c, x, w, y);
    case Method::winograd:
      return lb::winograd_forward(call, c, x, w, y.bias, y.residual, y.relu, y.data);
    default:
      return lb::implicit_forward(call, c, taps, x, w, y);
  }
}

// Inputs: dy, w. Output: dx.
LANDBRIDGE_KERNEL(conv2dInput, cpu, float32) {
  const View& out = call.out(0);
  const Convolution c(call, out, call.in(1), call.in(0));
  LANDBRIDGE_REQUIRE(c.valid, kMismatch);
  if (out.count == 0) return;
  const float* dy = call.in(0).as<const float>();
  const float* w = call.in(1).as<const float>();
  float* dx = out.as<float>();
  Tap* taps = call.workspace<Tap>(c.kernel_h * c.kernel_w);
  if (taps == nullptr) return;
  switch (method_of(c, Direction::input)) {
    case Method::depthwise: {
      const lb::Image image{dy, c.out_h, c.out_w, c.filters, 1};
      return lb::for_each_input_phase(c, taps, [&](const lb::Phase& phase) {
        lb::run_depthwise(call, {phase, image, w, nullptr, nullptr, false, dx});
      });
    }
    case Method::pointwise:
      return lb::pointwise_input(call, c, dy, w, dx);
    case Method::winograd:
      return lb::winograd_input(call, c, dy, w, dx);
    case Method::few_channels:
      return lb::scatter_input(call, c, dy, w, dx);
    case Method::implicit:
      return lb::implicit_input(call, c, taps, dy, w, dx);
  }
}

// Inputs: x, dy. Output: dw.
LANDBRIDGE_KERNEL(conv2dFilter, cpu, float32) {
  const View& out = call.out(0);
  const Convolution c(call, call.in(0), out, call.in(1));
  LANDBRIDGE_REQUIRE(c.valid, kMismatch);
  if (out.count == 0) return;
  const float* x = call.in(0).as<const float>();
  const float* dy = call.in(1).as<const float>();
  float* dw = out.as<float>();
  if (c.out_pixels() == 0) return lb::simd::zero_run(dw, out.count);
  Tap* taps = call.workspace<Tap>(c.kernel_h * c.kernel_w);
  if (taps == nullptr) return;
  switch (method_of(c, Direction::filter)) {
    case Method::depthwise:
      return lb::depthwise_filter(call, lb::forward_phase(c, taps), {x, c.height, c.width, c.channels, 1}, dy,
                                  dw);
    case Method::pointwise:
      return lb::pointwise_filter(call, c, x, dy, dw);
    case Method::winograd:
      return lb::winograd_filter(call, c, x, dy, dw);
    default:
      return lb::implicit_filter(call, c, taps, x, dy, dw);
  }
}
