// Max pooling. Besides the maxima the forward kernel gives where they stand, as ih·W + iw within their image
// and channel; the gradient puts values there, and the gradient's gradient fetches them from there.
#include "../cuda/pool2d_owners.h"
#include "../cuda/pool2d_windows.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::global;
using landbridge::cuda::Global;
using landbridge::cuda::Pixel;
using landbridge::cuda::Places;
using landbridge::cuda::Pooling;
using landbridge::cuda::Range;
using landbridge::cuda::Spans;

constexpr const char* kMismatch = "expected [N,H,W,C] and [N,H',W',C] of one N and C";

struct Maximum {
  float value;
  int32_t place;  // −1: nothing better than −∞ was there
};

// The first of equal values wins, and the last NaN over everything. Merging may be in any order.
struct Largest {
  using Lane = Maximum;
  Global<float> y;
  Global<int32_t> positions;  // null when not wanted

  __device__ static Maximum start() { return {-INFINITY, -1}; }
  __device__ static Maximum combine(const Maximum& best, float value, int32_t pixel) {
    if (value > best.value || value != value) return {value, pixel};
    return best;
  }
  __device__ static Maximum merge(const Maximum& a, const Maximum& b) {
    const bool first_nan = a.value != a.value, second_nan = b.value != b.value;
    if (first_nan || second_nan) return second_nan && (!first_nan || b.place > a.place) ? b : a;
    if (a.value != b.value) return a.value > b.value ? a : b;
    return b.place < a.place ? b : a;
  }
  __device__ void put(int64_t i, const Pixel&, int64_t first, const Maximum& best) const {
    y[i] = best.value;
    if (positions) positions[i] = best.place < 0 ? static_cast<int32_t>(first) : best.place;
  }
};

bool same_images(const View& a, const View& b) {
  return a.rank == 4 && b.rank == 4 && a.dim(0) == b.dim(0) && a.dim(3) == b.dim(3);
}

}  // namespace

// Input: x. Outputs: y, the positions (may be absent).
LANDBRIDGE_KERNEL(maxPool2d, cuda, float32) {
  const Pooling p(call, call.in(0), call.out(0));
  LANDBRIDGE_REQUIRE(p.valid, kMismatch);
  LANDBRIDGE_REQUIRE(p.height * p.width <= INT32_MAX, "expected at most 2^31 - 1 pixels per image");
  const Largest op{global<float>(call.out(0)), global<int32_t>(call.out(1))};
  landbridge::cuda::each_window(call, p, call.in(0), call.out(0), op);
}

// Inputs: dy, positions. Output: dx, each pixel of which collects its own windows, in order.
LANDBRIDGE_KERNEL(maxPool2dInput, cuda, float32) {
  const View &dy_view = call.in(0), &out = call.out(0);
  LANDBRIDGE_REQUIRE(same_images(dy_view, out) && call.in(1).count == dy_view.count, kMismatch);
  const int64_t out_h = dy_view.dim(1), out_w = dy_view.dim(2), height = out.dim(1), width = out.dim(2);
  LANDBRIDGE_REQUIRE(height * width <= INT32_MAX, "expected at most 2^31 - 1 pixels per image");
  const int64_t row_size = Spans::size(out_h, height);
  const auto memory = landbridge::cuda::scratch<int>(call, row_size + Spans::size(out_w, width));
  if (!memory || out.count == 0) return;
  const Spans rows(memory, out_h, height), columns(memory + row_size, out_w, width);
  const int64_t channels = out.dim(3);
  landbridge::cuda::find_spans(call, call.in(1), channels, rows, columns, memory);
  const auto dy = global<const float>(dy_view);
  const auto positions = global<const int32_t>(call.in(1));
  const auto dx = global<float>(out);
  const Places places(out);
  landbridge::cuda::each(call, out.count, [=] __device__(int64_t i) {
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
  const landbridge::cuda::IndexDivider image(out.dim(1) * out.dim(2) * channels, out.count),
      pixel(channels, out.count);
  landbridge::cuda::each(call, out.count, [=] __device__(int64_t i) {
    const int64_t position = positions[i], channel = i - pixel.quotient(i) * channels;
    const bool found = position >= 0 && position < pixels;
    y[i] = found ? x[(image.quotient(i) * pixels + position) * channels + channel] : 0.0f;
  });
}
