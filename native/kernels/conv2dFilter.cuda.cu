// The gradient of a convolution with respect to its filter: dw[d, f] = Σ_pixel patch[pixel, d]·dy[pixel, f].
#include "../cuda/conv.h"
#include "../cuda/conv_depthwise_filter.h"
#include "../cuda/conv_jobs.h"
#include "../cuda/library_conv.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::global;
using lb::Convolution;

void pointwise(Call& call, const Convolution& c) {
  landbridge::cuda::Product p{};
  p.m = c.channels, p.n = c.filters, p.k = c.out_pixels(), p.transpose_a = 1;
  p.a = call.in(0).as<const float>(), p.b = call.in(1).as<const float>(), p.c = call.out(0).as<float>();
  p.lda = p.m, p.ldb = p.n, p.ldc = p.n;
  landbridge::cuda::multiply_matrices(call, p);
}

void implicit(Call& call, const Convolution& c) {
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  landbridge::cuda::FilterJob job{};
  job.shape = landbridge::cuda::shape_of(c);
  job.x = global<const float>(x), job.dy = global<const float>(dy);
  job.to.out = global<float>(dw);
  job.to.vector = landbridge::cuda::in_fours(c.filters, c.group_filters, dw);
  job.image = landbridge::cuda::FastDivide(job.shape.out_h * job.shape.out_w);
  job.line = landbridge::cuda::FastDivide(job.shape.out_w);
  job.vector_x = landbridge::cuda::in_fours(c.channels, c.group_channels, x);
  job.vector_dy = landbridge::cuda::in_fours(c.filters, c.group_filters, dy);
  const auto i = [](int64_t size) { return static_cast<int>(size); };
  landbridge::cuda::multiply_in_precision(call, job,
                                          {i(c.depth), i(c.group_filters), i(c.out_pixels()), c.groups});
}

void direct(Call& call, const Convolution& c) {
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  landbridge::cuda::filter_gradient_directly(call, landbridge::cuda::shape_of(c), global<const float>(x),
                                             global<const float>(dy), global<float>(dw),
                                             landbridge::cuda::in_fours(c, x, dy, dw));
}

}  // namespace

// Inputs: x, dy. Output: dw.
LANDBRIDGE_KERNEL(conv2dFilter, cuda, float32) {
  const View& out = call.out(0);
  const Convolution c(call, call.in(0), out, call.in(1));
  LANDBRIDGE_REQUIRE(c.valid, landbridge::cuda::kConvMismatch);
  if (out.count == 0) return;
  LANDBRIDGE_REQUIRE(landbridge::cuda::is_indexable(c), landbridge::cuda::kConvTooLarge);
  if (landbridge::cuda::is_product(c)) return pointwise(call, c);
  if (landbridge::cuda::filter_by_cudnn(call, landbridge::cuda::shape_of(c), call.in(0), call.in(1), out))
    return;
  landbridge::cuda::is_direct(c) ? direct(call, c) : implicit(call, c);
}
