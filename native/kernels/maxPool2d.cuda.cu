// Max pooling. Besides the maxima the forward kernel gives where they stand, as ih·W + iw within their image
// and channel; the gradient puts values there, and the gradient's gradient fetches them from there.
#include "../cuda/pool2d_owners.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::cuda::global;
using lb::cuda::Global;
using lb::cuda::Pixel;
using lb::cuda::Places;
using lb::cuda::Pooling;
using lb::cuda::Range;
using lb::cuda::Spans;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

struct Maximum {
  float value;
  int32_t place;
};

// The first of equal values wins; NaN wins over everything.
__device__ Maximum largest(const Pooling& p, Global<const float> x, const Pixel& at) {
  const Range rows = p.rows(at.y), columns = p.columns(at.x);
  const Global<const float> image = x + (at.image * p.height * p.width * p.channels + at.channel);
  Maximum best{-INFINITY, static_cast<int32_t>(rows.begin * p.width + columns.begin)};
  for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
    for (int64_t iw = columns.begin; iw < columns.end; ++iw) {
      const int64_t pixel = ih * p.width + iw;
      const float value = image[pixel * p.channels];
      if (value > best.value || value != value) best = {value, static_cast<int32_t>(pixel)};
    }
  }
  return best;
}

bool same_images(const View& a, const View& b) {
  return a.rank == 4 && b.rank == 4 && a.dim(0) == b.dim(0) && a.dim(3) == b.dim(3);
}

}  // namespace

// Input: x. Outputs: y, the positions (may be absent).
LANDBRIDGE_KERNEL(maxPool2d, cuda, float32) {
  const Pooling p(call, call.in(0), call.out(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  LANDBRIDGE_REQUIRE(p.height * p.width <= INT32_MAX, "expected at most 2^31 - 1 pixels per image");
  const auto x = global<const float>(call.in(0));
  const auto y = global<float>(call.out(0));
  const auto positions = global<int32_t>(call.out(1));
  const Places places(call.out(0));
  lb::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) {
    const Maximum found = largest(p, x, places.of(i));
    y[i] = found.value;
    if (positions) positions[i] = found.place;
  });
}

// Inputs: dy, positions. Output: dx, each pixel of which collects its own windows, in order.
LANDBRIDGE_KERNEL(maxPool2dInput, cuda, float32) {
  const View &dy_view = call.in(0), &out = call.out(0);
  LANDBRIDGE_REQUIRE(same_images(dy_view, out) && call.in(1).count == dy_view.count, kMismatch);
  const int64_t out_h = dy_view.dim(1), out_w = dy_view.dim(2), height = out.dim(1), width = out.dim(2);
  LANDBRIDGE_REQUIRE(height * width <= INT32_MAX, "expected at most 2^31 - 1 pixels per image");
  const int64_t row_size = Spans::size(out_h, height);
  const auto memory = lb::cuda::scratch<int>(call, row_size + Spans::size(out_w, width));
  if (!memory || out.count == 0) return;
  const Spans rows(memory, out_h, height), columns(memory + row_size, out_w, width);
  const int64_t channels = out.dim(3);
  lb::cuda::find_spans(call, call.in(1), channels, rows, columns, memory);
  const auto dy = global<const float>(dy_view);
  const auto positions = global<const int32_t>(call.in(1));
  const auto dx = global<float>(out);
  const Places places(out);
  lb::cuda::each(call, out.count, [=] __device__(int64_t i) {
    const Pixel at = places.of(i);
    const Range down = rows.of(at.y), right = columns.of(at.x);
    float sum = 0;
    for (int64_t oh = down.begin; oh < down.end; ++oh) {
      for (int64_t ow = right.begin; ow < right.end; ++ow) {
        const int64_t window = ((at.image * out_h + oh) * out_w + ow) * channels + at.channel;
        if (positions[window] == at.y * width + at.x) sum += dy[window];
      }
    }
    dx[i] = sum;
  });
}

// Inputs: x, positions. Output: x at the positions.
LANDBRIDGE_KERNEL(maxPool2dSelect, cuda, float32) {
  const View &x_view = call.in(0), &out = call.out(0);
  LANDBRIDGE_REQUIRE(same_images(x_view, out) && call.in(1).count == out.count, kMismatch);
  const auto x = global<const float>(x_view);
  const auto positions = global<const int32_t>(call.in(1));
  const auto y = global<float>(out);
  const int64_t pixels = x_view.dim(1) * x_view.dim(2), channels = out.dim(3);
  const lb::cuda::IndexDivider image(out.dim(1) * out.dim(2) * channels, out.count),
      pixel(channels, out.count);
  lb::cuda::each(call, out.count, [=] __device__(int64_t i) {
    const int64_t position = positions[i], channel = i - pixel.quotient(i) * channels;
    const bool found = position >= 0 && position < pixels;
    y[i] = found ? x[(image.quotient(i) * pixels + position) * channels + channel] : 0.0f;
  });
}
