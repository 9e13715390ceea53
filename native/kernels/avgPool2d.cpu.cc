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

template <int V>
struct Vectors {
  static constexpr int count = V;

  LB_INLINE static void add(vf (&sum)[V], const float* x, float share, int64_t lanes) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[v] += share * lb::load_lanes(x + v * simd::kLanes, lanes);
  }
  LB_INLINE static void store(float* y, const vf (&sum)[V], float share, int64_t lanes) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) lb::store_lanes(y + v * simd::kLanes, share * sum[v], lanes);
  }
};

// Calls f(Vectors<V>{}, first channel, lanes) for blocks of V vectors of channels; only a single one may be
// partial.
template <class F>
LB_INLINE void each_channel_block(int64_t channels, const F& f) {
  int64_t at = 0;
  for (; at + 4 * simd::kLanes <= channels; at += 4 * simd::kLanes) f(Vectors<4>{}, at, simd::kLanes);
  for (; at < channels; at += simd::kLanes) {
    f(Vectors<1>{}, at, channels - at < simd::kLanes ? channels - at : simd::kLanes);
  }
}

// y = share · Σ of the window
void average(const Pooling& p, const float* image, Range rows, Range columns, float share, float* y) {
  each_channel_block(p.channels, [&](auto block, int64_t channel, int64_t lanes) LB_INLINED {
    vf sum[block.count] = {};
    for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
      for (int64_t iw = columns.begin; iw < columns.end; ++iw) {
        block.add(sum, image + (ih * p.width + iw) * p.channels + channel, 1.0f, lanes);
      }
    }
    block.store(y + channel, sum, share, lanes);
  });
}

// dx = Σ of share · dy over the windows that contain the pixel
void spread(const Pooling& p, const float* dy, Range rows, Range columns, float whole, float* dx) {
  each_channel_block(p.channels, [&](auto block, int64_t channel, int64_t lanes) LB_INLINED {
    vf sum[block.count] = {};
    for (int64_t oh = rows.begin; oh < rows.end; ++oh) {
      for (int64_t ow = columns.begin; ow < columns.end; ++ow) {
        const float share = p.include_pad ? whole : p.share(oh, ow);
        block.add(sum, dy + (oh * p.out_w + ow) * p.channels + channel, share, lanes);
      }
    }
    block.store(dx + channel, sum, 1.0f, lanes);
  });
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
  const float whole = 1.0f / static_cast<float>(p.kernel_h * p.kernel_w);
  const bool past = lb::past_cache(call.out(0), sizeof(float));
  call.parallel_for(p.images * p.height, p.grain(p.width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* image = dy + row / p.height * p.out_h * p.out_w * p.channels;
      const Range rows = p.windows_y(row % p.height);
      lb::write_rows(
          dx + row * p.width * p.channels, p.width, p.channels, past,
          [&](float* target, int64_t iw) { spread(p, image, rows, p.windows_x(iw), whole, target); });
    }
  });
}
