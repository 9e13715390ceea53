// The gradient of a convolution with respect to its image: dx = the sum of the patches dy·wᵀ at their places,
// each pixel collecting its own.
#include "../cuda/conv.h"
#include "../cuda/conv_jobs.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::Convolution;
using lb::cuda::global;

void pointwise(Call& call, const Convolution& c) {
  lb::cuda::Product p{};
  p.m = c.out_pixels(), p.n = c.channels, p.k = c.filters, p.transpose_b = 1;
  p.a = call.in(0).as<const float>(), p.b = call.in(1).as<const float>(), p.c = call.out(0).as<float>();
  p.lda = p.k, p.ldb = p.k, p.ldc = p.n;
  lb::cuda::multiply_matrices(call, p);
}

void implicit(Call& call, const Convolution& c) {
  const View &dy = call.in(0), &w = call.in(1), &dx = call.out(0);
  lb::cuda::InputJob job{};
  job.shape = lb::cuda::shape_of(c);
  job.dy = global<const float>(dy), job.w = global<const float>(w);
  job.to.out = global<float>(dx);
  job.to.vector = lb::cuda::in_fours(c.channels, c.group_channels, dx);
  job.vector =
      lb::cuda::in_fours(c.filters, c.group_filters, dy) && lb::cuda::in_fours(c.filters, c.group_filters, w);
  lb::cuda::ProductShape shape{0, static_cast<int>(c.group_channels), 0, job.shape.phases() * c.groups};
  for (int phase = 0; phase < job.shape.phases(); ++phase) {
    const lb::cuda::Window window = job.shape.input(phase);
    const int depth = window.taps() * job.shape.group_filters;
    if (window.points() > shape.m) shape.m = window.points();
    if (depth > shape.k) shape.k = depth;
  }
  lb::cuda::multiply_in_precision(call, job, shape);
}

}  // namespace

// Inputs: dy, w. Output: dx.
LANDBRIDGE_KERNEL(conv2dInput, cuda, float32) {
  const View& out = call.out(0);
  const Convolution c(call, out, call.in(1), call.in(0));
  LANDBRIDGE_REQUIRE(c.valid, lb::cuda::kConvMismatch);
  if (out.count == 0) return;
  LANDBRIDGE_REQUIRE(lb::cuda::is_indexable(c), lb::cuda::kConvTooLarge);
  if (lb::cuda::is_product(c)) return pointwise(call, c);
  implicit(call, c);
}
