// Average pooling and its gradient, which is its transpose. Every result collects its own terms, in order.
#include "../cpu/pool2d.h"

namespace {

using lb::Pooling;
using lb::Range;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

// y = share · Σ of the window
void average(const Pooling& p, const float* image, int64_t oh, int64_t ow, float* y) {
  const Range rows = p.rows(oh), columns = p.columns(ow);
  for (int64_t i = 0; i < p.channels; ++i) y[i] = 0.0f;
  for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
    for (int64_t iw = columns.begin; iw < columns.end; ++iw) {
      const float* x = image + (ih * p.width + iw) * p.channels;
      for (int64_t i = 0; i < p.channels; ++i) y[i] += x[i];
    }
  }
  const float share = p.share(oh, ow);
  for (int64_t i = 0; i < p.channels; ++i) y[i] *= share;
}

// dx = Σ of share · dy over the windows that contain the pixel
void spread(const Pooling& p, const float* dy, int64_t ih, int64_t iw, float* dx) {
  const Range rows = p.windows_y(ih), columns = p.windows_x(iw);
  for (int64_t i = 0; i < p.channels; ++i) dx[i] = 0.0f;
  for (int64_t oh = rows.begin; oh < rows.end; ++oh) {
    for (int64_t ow = columns.begin; ow < columns.end; ++ow) {
      const float share = p.share(oh, ow);
      const float* source = dy + (oh * p.out_w + ow) * p.channels;
      for (int64_t i = 0; i < p.channels; ++i) dx[i] += share * source[i];
    }
  }
}

}  // namespace

LANDBRIDGE_KERNEL(avgPool2d, cpu, float32) {
  const Pooling p(call, call.in(0), call.out(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  const float* x = call.in(0).as<const float>();
  float* y = call.out(0).as<float>();
  call.parallel_for(p.images * p.out_h, p.grain(p.out_w), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* image = x + row / p.out_h * p.height * p.width * p.channels;
      for (int64_t ow = 0; ow < p.out_w; ++ow) {
        average(p, image, row % p.out_h, ow, y + (row * p.out_w + ow) * p.channels);
      }
    }
  });
}

LANDBRIDGE_KERNEL(avgPool2dInput, cpu, float32) {
  const Pooling p(call, call.out(0), call.in(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  const float* dy = call.in(0).as<const float>();
  float* dx = call.out(0).as<float>();
  call.parallel_for(p.images * p.height, p.grain(p.width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* image = dy + row / p.height * p.out_h * p.out_w * p.channels;
      for (int64_t iw = 0; iw < p.width; ++iw) {
        spread(p, image, row % p.height, iw, dx + (row * p.width + iw) * p.channels);
      }
    }
  });
}
