// Average pooling and its gradient, which is its transpose. Every result collects its own terms, in order.
#include "../cuda/pool2d.h"

namespace {

using lb::cuda::Global;
using lb::cuda::Pixel;
using lb::cuda::Places;
using lb::cuda::Pooling;
using lb::cuda::Range;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

// share · Σ of the window
__device__ float average(const Pooling& p, Global<const float> x, const Pixel& at) {
  const Range rows = p.rows(at.y), columns = p.columns(at.x);
  const Global<const float> image = x + (at.image * p.height * p.width * p.channels + at.channel);
  float sum = 0;
  for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
    for (int64_t iw = columns.begin; iw < columns.end; ++iw) sum += image[(ih * p.width + iw) * p.channels];
  }
  return p.share(at.y, at.x) * sum;
}

// Σ of share · dy over the windows that contain the pixel
__device__ float spread(const Pooling& p, Global<const float> dy, const Pixel& at) {
  const Range rows = p.windows_y(at.y), columns = p.windows_x(at.x);
  const Global<const float> image = dy + (at.image * p.out_h * p.out_w * p.channels + at.channel);
  float sum = 0;
  for (int64_t oh = rows.begin; oh < rows.end; ++oh) {
    for (int64_t ow = columns.begin; ow < columns.end; ++ow) {
      sum += p.share(oh, ow) * image[(oh * p.out_w + ow) * p.channels];
    }
  }
  return sum;
}

}  // namespace

LANDBRIDGE_KERNEL(avgPool2d, cuda, float32) {
  const Pooling p(call, call.in(0), call.out(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  const auto x = lb::cuda::global<const float>(call.in(0));
  const auto y = lb::cuda::global<float>(call.out(0));
  const Places places(call.out(0));
  lb::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { y[i] = average(p, x, places.of(i)); });
}

LANDBRIDGE_KERNEL(avgPool2dInput, cuda, float32) {
  const Pooling p(call, call.out(0), call.in(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  const auto dy = lb::cuda::global<const float>(call.in(0));
  const auto dx = lb::cuda::global<float>(call.out(0));
  const Places places(call.out(0));
  lb::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { dx[i] = spread(p, dy, places.of(i)); });
}
