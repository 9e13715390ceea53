// The gradient of a convolution with respect to its image: dx = the sum of the patches dy·wᵀ at their places,
// each pixel collecting its own.
#include "../cuda/conv.h"
#include "../cuda/conv_depthwise.h"
#include "../cuda/conv_jobs.h"
#include "../cuda/library_conv.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::global;
using lb::Convolution;

void pointwise(Call& call, const Convolution& c) {
  landbridge::cuda::Product p{};
  p.m = c.out_pixels(), p.n = c.channels, p.k = c.filters, p.transpose_b = 1;
  p.a = call.in(0).as<const float>(), p.b = call.in(1).as<const float>(), p.c = call.out(0).as<float>();
  p.lda = p.k, p.ldb = p.k, p.ldc = p.n;
  landbridge::cuda::multiply_matrices(call, p);
}

void implicit(Call& call, const Convolution& c) {
  const View &dy = call.in(0), &w = call.in(1), &dx = call.out(0);
  landbridge::cuda::InputJob job{};
  job.shape = landbridge::cuda::shape_of(c);
  job.dy = global<const float>(dy), job.w = global<const float>(w);
  job.to.out = global<float>(dx);
  job.to.vector = landbridge::cuda::in_fours(c.channels, c.group_channels, dx);
  job.vector = landbridge::cuda::in_fours(c.filters, c.group_filters, dy) &&
               landbridge::cuda::in_fours(c.filters, c.group_filters, w);
  landbridge::cuda::ProductShape shape{0, static_cast<int>(c.group_channels), 0,
                                       job.shape.phases() * c.groups};
  for (int phase = 0; phase < job.shape.phases(); ++phase) {
    const landbridge::cuda::Window window = job.shape.input(phase);
    const int depth = window.taps() * job.shape.group_filters;
    if (window.points() > shape.m) shape.m = window.points();
    if (depth > shape.k) shape.k = depth;
  }
  landbridge::cuda::multiply_in_precision(call, job, shape);
}

void direct(Call& call, const Convolution& c) {
  const View &dy = call.in(0), &w = call.in(1), &dx = call.out(0);
  const bool vector = landbridge::cuda::in_fours(c, dy, w, dx);
  const landbridge::cuda::Finish to{global<float>(dx), {}, {}, false, false, vector};
  const auto dy_data = global<const float>(dy), w_data = global<const float>(w);
  const landbridge::cuda::ConvShape shape = landbridge::cuda::shape_of(c);
  for (int phase = 0; phase < shape.phases(); ++phase) {
    landbridge::cuda::convolve_directly(
        call, landbridge::cuda::direct_input(shape, phase, dy_data, w_data, to), vector);
  }
}

}  // namespace

// Inputs: dy, w. Output: dx.
LANDBRIDGE_KERNEL(conv2dInput, cuda, float32) {
  const View& out = call.out(0);
  const Convolution c(call, out, call.in(1), call.in(0));
  LANDBRIDGE_REQUIRE(c.valid, landbridge::cuda::kConvMismatch);
  if (out.count == 0) return;
  LANDBRIDGE_REQUIRE(landbridge::cuda::is_indexable(c), landbridge::cuda::kConvTooLarge);
  if (landbridge::cuda::is_product(c)) return pointwise(call, c);
  if (landbridge::cuda::input_by_cudnn(call, landbridge::cuda::shape_of(c), call.in(0), call.in(1), out))
    return;
  landbridge::cuda::is_direct(c) ? direct(call, c) : implicit(call, c);
}
