// Average pooling and its gradient, which is its transpose. Every result collects its own terms, in order.
#include "../cuda/pool2d_windows.h"

namespace {

using landbridge::cuda::Global;
using landbridge::cuda::Pixel;
using landbridge::cuda::Places;
using landbridge::cuda::Pooling;
using landbridge::cuda::Range;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

// share · Σ of the window
struct Average {
  using Lane = float;
  Pooling p;
  Global<float> y;

  __device__ static float start() { return 0; }
  __device__ static float combine(float sum, float value, int32_t) { return sum + value; }
  __device__ static float merge(float a, float b) { return a + b; }
  __device__ void put(int64_t i, const Pixel& at, int64_t, float sum) const {
    y[i] = p.share(at.y, at.x) * sum;
  }
};

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
  const Average op{p, landbridge::cuda::global<float>(call.out(0))};
  landbridge::cuda::each_window(call, p, call.in(0), call.out(0), op);
}

LANDBRIDGE_KERNEL(avgPool2dInput, cuda, float32) {
  const Pooling p(call, call.out(0), call.in(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  const auto dy = landbridge::cuda::global<const float>(call.in(0));
  const auto dx = landbridge::cuda::global<float>(call.out(0));
  const Places places(call.out(0));
  landbridge::cuda::each(call, call.out(0).count,
                         [=] __device__(int64_t i) { dx[i] = spread(p, dy, places.of(i)); });
}
