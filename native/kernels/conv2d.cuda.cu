// Convolution: y[pixel, f] = activation(Σ_d patch[pixel, d]·w[d, f] + bias[f] + residual[pixel, f]), d over
// (kernel row, kernel column, channel of the group). Its gradients are conv2dInput.cuda.cu and
// conv2dFilter.cuda.cu.
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
  p.m = c.out_pixels(), p.n = c.filters, p.k = c.channels;
  p.a = call.in(0).as<const float>(), p.b = call.in(1).as<const float>(), p.c = call.out(0).as<float>();
  p.lda = p.k, p.ldb = p.n, p.ldc = p.n;
  p.bias = call.in(2).as<const float>(), p.residual = call.in(3).as<const float>();
  p.activation = c.relu ? LB_ACTIVATION_relu : LB_ACTIVATION_none;
  landbridge::cuda::multiply_matrices(call, p);
}

landbridge::cuda::Finish finish_of(const Call& call, const Convolution& c, bool vector) {
  return {global<float>(call.out(0)),
          global<const float>(call.in(2)),
          global<const float>(call.in(3)),
          c.relu,
          false,
          vector};
}

void implicit(Call& call, const Convolution& c) {
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  landbridge::cuda::ForwardJob job{};
  job.shape = landbridge::cuda::shape_of(c);
  job.x = global<const float>(x), job.w = global<const float>(w);
  job.to = finish_of(call, c, landbridge::cuda::in_fours(c.filters, c.group_filters, y));
  job.vector_x = landbridge::cuda::in_fours(c.channels, c.group_channels, x);
  job.vector_w = landbridge::cuda::in_fours(c.filters, c.group_filters, w);
  const auto i = [](int64_t size) { return static_cast<int>(size); };
  landbridge::cuda::multiply_in_precision(call, job,
                                          {i(c.out_pixels()), i(c.group_filters), i(c.depth), c.groups});
}

void direct(Call& call, const Convolution& c) {
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const bool vector = landbridge::cuda::in_fours(c, x, w, y);
  const landbridge::cuda::Finish to = finish_of(call, c, vector);
  const auto x_data = global<const float>(x), w_data = global<const float>(w);
  landbridge::cuda::convolve_directly(
      call, landbridge::cuda::direct_forward(landbridge::cuda::shape_of(c), x_data, w_data, to), vector);
}

}  // namespace

// Inputs: x, w, optional bias[F], optional residual like y. Output: y.
LANDBRIDGE_KERNEL(conv2d, cuda, float32) {
  const View& out = call.out(0);
  const Convolution c(call, call.in(0), call.in(1), out);
  LANDBRIDGE_REQUIRE(c.valid, landbridge::cuda::kConvMismatch);
  if (out.count == 0) return;
  LANDBRIDGE_REQUIRE(landbridge::cuda::is_indexable(c), landbridge::cuda::kConvTooLarge);
  if (landbridge::cuda::is_product(c)) return pointwise(call, c);
  const landbridge::cuda::Finish to = finish_of(call, c, false);
  if (landbridge::cuda::forward_by_cudnn(call, landbridge::cuda::shape_of(c), call.in(0), call.in(1), to))
    return;
  landbridge::cuda::is_direct(c) ? direct(call, c) : implicit(call, c);
}
