// Windows of a pooling, a thread for each, or, where they are few and large, a block for each and some
// neighbouring channels. An Op says Lane, start(), combine(lane, value, pixel), merge(a, b) and put(i, at,
// lane) for the i-th result.
#pragma once

#include "pool2d.h"

namespace landbridge::cuda {
namespace {

constexpr int64_t kLargeWindow = 128, kFewWindows = 1 << 16;

template <class Op>
__device__ void small_window(const Op& op, const Pooling& p, Global<const float> x, int64_t i,
                             const Pixel& at) {
  const Range rows = p.rows(at.y), columns = p.columns(at.x);
  const Global<const float> image = x + (at.image * p.height * p.width * p.channels + at.channel);
  auto lane = Op::start();
  for (int64_t ih = rows.begin; ih < rows.end; ++ih) {
    for (int64_t iw = columns.begin; iw < columns.end; ++iw) {
      const int64_t pixel = ih * p.width + iw;
      lane = Op::combine(lane, image[pixel * p.channels], static_cast<int32_t>(pixel));
    }
  }
  op.put(i, at, rows.begin * p.width + columns.begin, lane);
}

// Block blockIdx.x % blocks of channels of window blockIdx.x / blocks; threads along the channels first.
template <class Op>
__global__ void large_windows(Op op, Pooling p, Places places, Global<const float> x, int bits, int blocks) {
  using Lane = typename Op::Lane;
  __shared__ Shared<Lane, kThreads> tile;
  const int t = static_cast<int>(threadIdx.x), width = 1 << bits, depth = kThreads >> bits, y = t >> bits;
  const int64_t window = blockIdx.x / static_cast<unsigned>(blocks);
  const int64_t channel = static_cast<int64_t>(blockIdx.x) % blocks * width + (t & (width - 1));
  const bool present = channel < p.channels;
  Pixel at = places.of(window * p.channels);
  at.channel = channel;
  const Range rows = p.rows(at.y), columns = p.columns(at.x);
  const int64_t size = columns.end - columns.begin, area = present ? (rows.end - rows.begin) * size : 0;
  Lane lane = Op::start();
  for (int64_t k = y; k < area; k += depth) {
    const uint32_t row =
        static_cast<uint32_t>(k) / static_cast<uint32_t>(size);  // fewer than 2^31 in a window
    const int64_t pixel = (rows.begin + row) * p.width + columns.begin + (k - row * size);
    lane = Op::combine(lane, x[(at.image * p.height * p.width + pixel) * p.channels + channel],
                       static_cast<int32_t>(pixel));
  }
  tile[t] = lane;
  sync_block();
  for (int half = depth / 2; half > 0; half /= 2) {
    if (y < half) {
      const Lane a = tile[t], b = tile[t + half * width];
      tile[t] = Op::merge(a, b);
    }
    sync_block();
  }
  if (y > 0 || !present) return;
  const Lane all = tile[t];
  op.put(window * p.channels + channel, at, rows.begin * p.width + columns.begin, all);
}

// Runs `op` over the windows of x that make `out`.
template <class Op>
void each_window(Call& call, const Pooling& p, const View& x_view, const View& out, const Op& op) {
  const auto x = global<const float>(x_view);
  const Places places(out);
  if (p.kernel_h * p.kernel_w < kLargeWindow || out.count >= kFewWindows || out.count == 0) {
    return each(call, out.count, [=] __device__(int64_t i) { small_window(op, p, x, i, places.of(i)); });
  }
  int bits = 0;
  while (bits < 5 && (1 << bits) < p.channels) ++bits;
  const int64_t blocks = (p.channels + (1 << bits) - 1) >> bits;
  launch<large_windows<Op>>(call, {dim3(static_cast<unsigned>(out.count / p.channels * blocks))}, op, p,
                            places, x, bits, static_cast<int>(blocks));
}

}  // namespace
}  // namespace landbridge::cuda
