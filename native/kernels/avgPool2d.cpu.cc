// Average pooling and its gradient, which is its transpose. Every result collects its own terms, in order.
#include "../cpu/pool2d.h"
#include "../cpu/rows.h"
#include "../cpu/write_out.h"

namespace {

using lb::Pooling;
using lb::Range;
namespace simd = lb::simd;
using simd::vf;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

// y = share · Σ of the window, one vector of channels after the other.
void average(const Pooling& p, const float* image, Range rows, Range columns, float share, float* y) {
  for (int64_t channel = 0; channel < p.channels; channel += simd::kLanes) {
    const int64_t rest = p.channels - channel, lanes = rest < simd::kLanes ? rest : simd::kLanes;
    vf sum{};
    for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
      const float* row = image + ih * p.width * p.channels + channel;
      for (int64_t iw = columns.begin; iw < columns.end; ++iw)
        sum += lb::load_lanes(row + iw * p.channels, lanes);
    }
    lb::store_lanes(y + channel, sum * share, lanes);
  }
}

// dx = Σ of share · dy over the windows that contain the pixel
void spread(const Pooling& p, const float* dy, Range rows, Range columns, float* dx) {
  for (int64_t channel = 0; channel < p.channels; channel += simd::kLanes) {
    const int64_t rest = p.channels - channel, lanes = rest < simd::kLanes ? rest : simd::kLanes;
    vf sum{};
    for (int64_t oh = rows.begin; oh < rows.end; ++oh) {
      for (int64_t ow = columns.begin; ow < columns.end; ++ow) {
        const float share = p.include_pad ? p.whole_share() : p.share(oh, ow);
        sum += share * lb::load_lanes(dy + (oh * p.out_w + ow) * p.channels + channel, lanes);
      }
    }
    lb::store_lanes(dx + channel, sum, lanes);
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
        const int64_t oh = row % p.out_h;
        average(p, image, p.rows(oh), p.columns(ow), p.share(oh, ow), y + (row * p.out_w + ow) * p.channels);
      }
    }
  });
}

LANDBRIDGE_KERNEL(avgPool2dInput, cpu, float32) {
  const Pooling p(call, call.out(0), call.in(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  const float* dy = call.in(0).as<const float>();
  float* dx = call.out(0).as<float>();
  const bool past = lb::past_cache(call.out(0), sizeof(float));
  call.parallel_for(p.images * p.height, p.grain(p.width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* image = dy + row / p.height * p.out_h * p.out_w * p.channels;
      const Range rows = p.windows_y(row % p.height);
      lb::write_rows(dx + row * p.width * p.channels, p.width, p.channels, past,
                     [&](float* target, int64_t iw) { spread(p, image, rows, p.windows_x(iw), target); });
    }
  });
}
