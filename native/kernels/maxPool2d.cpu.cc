// Max pooling. Besides the maxima the forward kernel gives where they stand, as ih·W + iw within their image
// and channel; the gradient puts values there, and the gradient's gradient fetches them from there.
#include "../cpu/pool2d.h"
#include "../cpu/rows.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::Pooling;
using lb::Range;
namespace simd = lb::simd;
using simd::vf;
using simd::vi;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

// The maxima of one window for V vectors of channels, in registers; only a single one may be partial. The
// first of equal values wins; NaN wins over everything. `index` may be null unless kPlaces.
template <int V, bool kPlaces>
LB_INLINE void pool_vectors(const Pooling& p, const float* image, Range rows, Range columns, int64_t lanes,
                            float* y, int32_t* index) {
  vf best[V];
  vi place[V];
  for (int v = 0; v < V; ++v) {
    best[v] = simd::splat(-simd::kInf);
    place[v] = simd::splat(static_cast<int32_t>(rows.begin * p.width + columns.begin));
  }
  for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
    for (int64_t iw = columns.begin; iw < columns.end; ++iw) {
      const int64_t pixel = ih * p.width + iw;
      const vi here = simd::splat(static_cast<int32_t>(pixel));
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        const vf x = lb::load_lanes(image + pixel * p.channels + v * simd::kLanes, lanes);
        const vi better = (x > best[v]) | (x != x);
        best[v] = better ? x : best[v];
        if (kPlaces) place[v] = better ? here : place[v];
      }
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    lb::store_lanes(y + v * simd::kLanes, best[v], lanes);
    if (!kPlaces) continue;
    const vi found = place[v];
    __builtin_memcpy(index + v * simd::kLanes, &found, static_cast<size_t>(lanes) * sizeof(int32_t));
  }
}

template <bool kPlaces>
void pool_window(const Pooling& p, const float* image, Range rows, Range columns, float* y, int32_t* index) {
  constexpr int64_t block = 4 * simd::kLanes;
  int64_t at = 0;
  for (; at + block <= p.channels; at += block) {
    pool_vectors<4, kPlaces>(p, image + at, rows, columns, simd::kLanes, y + at,
                             kPlaces ? index + at : nullptr);
  }
  for (; at < p.channels; at += simd::kLanes) {
    const int64_t rest = p.channels - at, lanes = rest < simd::kLanes ? rest : simd::kLanes;
    pool_vectors<1, kPlaces>(p, image + at, rows, columns, lanes, y + at, kPlaces ? index + at : nullptr);
  }
}

void pool_row(const Pooling& p, const float* x, int64_t row, float* y, int32_t* index) {
  const float* image = x + row / p.out_h * p.height * p.width * p.channels;
  const Range rows = p.rows(row % p.out_h);
  for (int64_t ow = 0; ow < p.out_w; ++ow) {
    const int64_t out = (row * p.out_w + ow) * p.channels;
    if (index == nullptr)
      pool_window<false>(p, image, rows, p.columns(ow), y + out, nullptr);
    else
      pool_window<true>(p, image, rows, p.columns(ow), y + out, index + out);
  }
}

// Some neighbouring channels of one image: what one chunk of the gradient owns.
struct Block {
  int64_t image, channel, count;

  Block(const View& pixels, int64_t at) {
    const int64_t channels = pixels.dim(3);
    const int64_t blocks = (channels + lb::kPoolChannels - 1) / lb::kPoolChannels;
    image = at / blocks;
    channel = at % blocks * lb::kPoolChannels;
    count = channels - channel < lb::kPoolChannels ? channels - channel : lb::kPoolChannels;
  }
  static int64_t total(const View& pixels) {
    return pixels.dim(0) * ((pixels.dim(3) + lb::kPoolChannels - 1) / lb::kPoolChannels);
  }
};

bool same_images(const View& a, const View& b) {
  return a.rank == 4 && b.rank == 4 && a.dim(0) == b.dim(0) && a.dim(3) == b.dim(3);
}

// Whether `at` names a pixel: indices come from the forward kernel, but they are a tensor like any other.
inline bool is_pixel(int32_t at, int64_t pixels) {
  return at >= 0 && at < pixels;
}

// The least and the largest index of some windows.
struct Span {
  int32_t least = INT32_MAX, most = -1;

  Span(const int32_t* index, int64_t windows, int64_t stride, int64_t count) {
    for (int64_t window = 0; window < windows; ++window) {
      for (int64_t i = 0; i < count; ++i) {
        const int32_t at = index[window * stride + i];
        least = at < least ? at : least;
        most = at > most ? at : most;
      }
    }
  }
};

// What one chunk of the gradient works on. Pixels become zero as windows reach them, not all before: so they
// are still in the cache when values arrive.
struct Spread {
  const float* dy;
  const int32_t* index;
  float* image;
  int64_t pixels, channels, count, zeroed;

  void zero_up_to(int64_t end) {
    for (; zeroed < end; ++zeroed) {
      for (int64_t i = 0; i < count; ++i) image[zeroed * channels + i] = 0.0f;
    }
  }
  // `windows` windows from element `from` on.
  void add(int64_t from, int64_t windows) {
    const Span span(index + from, windows, channels, count);
    const bool sound = span.least >= 0 && span.most < pixels;
    zero_up_to(sound ? span.most + 1 : pixels);
    for (int64_t window = 0; window < windows; ++window) {
      const int64_t at = from + window * channels;
      sound ? add_window<true>(at) : add_window<false>(at);
    }
  }

  template <bool kSound>
  void add_window(int64_t from) {
    const int32_t* places = index + from;
    const float* values = dy + from;
    for (int64_t i = 0; i < count; ++i) {
      if (kSound || is_pixel(places[i], pixels)) image[places[i] * channels + i] += values[i];
    }
  }
};

}  // namespace

// Input: x. Outputs: y, the positions (may be absent).
LANDBRIDGE_KERNEL(maxPool2d, cpu, float32) {
  const Pooling p(call, call.in(0), call.out(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  LANDBRIDGE_REQUIRE(p.height * p.width <= INT32_MAX, "expected at most 2^31 - 1 pixels per image");
  const float* x = call.in(0).as<const float>();
  float* y = call.out(0).as<float>();
  int32_t* index = call.out(1) ? call.out(1).as<int32_t>() : nullptr;
  call.parallel_for(p.images * p.out_h, p.grain(p.out_w), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) pool_row(p, x, row, y, index);
  });
}

// Inputs: dy, positions. Output: dx, each block of channels of an image with one owner.
LANDBRIDGE_KERNEL(maxPool2dInput, cpu, float32) {
  const View &dy_view = call.in(0), &out = call.out(0);
  LANDBRIDGE_REQUIRE(same_images(dy_view, out) && call.in(1).count == dy_view.count, kMismatch);
  const float* dy = dy_view.as<const float>();
  const int32_t* index = call.in(1).as<const int32_t>();
  float* dx = out.as<float>();
  const int64_t rows = dy_view.dim(1), columns = dy_view.dim(2), pixels = out.dim(1) * out.dim(2);
  const int64_t channels = out.dim(3);
  call.parallel_for(Block::total(out), 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const Block block(out, at);
      Spread spread{
          dy, index, dx + block.image * pixels * channels + block.channel, pixels, channels, block.count, 0};
      for (int64_t row = 0; row < rows; ++row) {
        spread.add((block.image * rows + row) * columns * channels + block.channel, columns);
      }
      spread.zero_up_to(pixels);
    }
  });
}

// Inputs: x, positions. Output: x at the positions.
LANDBRIDGE_KERNEL(maxPool2dSelect, cpu, float32) {
  const View &x_view = call.in(0), &out = call.out(0);
  LANDBRIDGE_REQUIRE(same_images(x_view, out) && call.in(1).count == out.count, kMismatch);
  const float* x = x_view.as<const float>();
  const int32_t* index = call.in(1).as<const int32_t>();
  float* y = out.as<float>();
  const int64_t windows = out.dim(1) * out.dim(2), pixels = x_view.dim(1) * x_view.dim(2);
  const int64_t channels = out.dim(3);
  call.parallel_for(out.count, lb::kPoolGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / (windows * channels);
      const bool found = is_pixel(index[i], pixels);
      y[i] = found ? x[(image * pixels + index[i]) * channels + i % channels] : 0.0f;
    }
  });
}
