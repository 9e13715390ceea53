// The gradient of a convolution with respect to its filter: dw[d, f] = Σ_pixel patch[pixel, d]·dy[pixel, f].
#include "../cuda/conv.h"
#include "../cuda/conv_depthwise_filter.h"
#include "../cuda/conv_jobs.h"
#include "../cuda/library_conv.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::Convolution;
using lb::cuda::global;

void pointwise(Call& call, const Convolution& c) {
  lb::cuda::Product p{};
  p.m = c.channels, p.n = c.filters, p.k = c.out_pixels(), p.transpose_a = 1;
  p.a = call.in(0).as<const float>(), p.b = call.in(1).as<const float>(), p.c = call.out(0).as<float>();
  p.lda = p.m, p.ldb = p.n, p.ldc = p.n;
  lb::cuda::multiply_matrices(call, p);
}

void implicit(Call& call, const Convolution& c) {
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  lb::cuda::FilterJob job{};
  job.shape = lb::cuda::shape_of(c);
  job.x = global<const float>(x), job.dy = global<const float>(dy);
  job.to.out = global<float>(dw);
  job.to.vector = lb::cuda::in_fours(c.filters, c.group_filters, dw);
  job.image = lb::cuda::FastDivide(job.shape.out_h * job.shape.out_w);
  job.line = lb::cuda::FastDivide(job.shape.out_w);
  job.vector_x = lb::cuda::in_fours(c.channels, c.group_channels, x);
  job.vector_dy = lb::cuda::in_fours(c.filters, c.group_filters, dy);
  const auto i = [](int64_t size) { return static_cast<int>(size); };
  lb::cuda::multiply_in_precision(call, job, {i(c.depth), i(c.group_filters), i(c.out_pixels()), c.groups});
}

void direct(Call& call, const Convolution& c) {
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  lb::cuda::filter_gradient_directly(call, lb::cuda::shape_of(c), global<const float>(x),
                                     global<const float>(dy), global<float>(dw),
                                     lb::cuda::in_fours(c, x, dy, dw));
}

}  // namespace

// Inputs: x, dy. Output: dw.
LANDBRIDGE_KERNEL(conv2dFilter, cuda, float32) {
  const View& out = call.out(0);
  const Convolution c(call, call.in(0), out, call.in(1));
  LANDBRIDGE_REQUIRE(c.valid, lb::cuda::kConvMismatch);
  if (out.count == 0) return;
  LANDBRIDGE_REQUIRE(lb::cuda::is_indexable(c), lb::cuda::kConvTooLarge);
  if (lb::cuda::is_product(c)) return pointwise(call, c);
  if (lb::cuda::filter_by_cudnn(call, lb::cuda::shape_of(c), call.in(0), call.in(1), out)) return;
  lb::cuda::is_direct(c) ? direct(call, c) : implicit(call, c);
}
