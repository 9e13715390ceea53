// Convolution and its two gradients, as products of matrices over tiles of output rows:
//   conv2d        y[pixel, f]  = Σ_d patch[pixel, d]·w[d, f] + bias[f]
//   conv2dInput   dx           = the sum of the patches dy·wᵀ at their places
//   conv2dFilter  dw[d, f]     = Σ_pixel patch[pixel, d]·dy[pixel, f]
// d runs over (kernel row, kernel column, channel of the group). Sums run in an order that only the shape
// decides.
#include "../cpu/conv2d.h"

#include "../cpu/conv2d_depthwise.h"
#include "../cpu/winograd.h"

namespace {

using landbridge::Call;
using landbridge::View;
using lb::Convolution;
using lb::Patches;

constexpr int64_t kBlock = 256;  // pixels of one product, where groups are multiplied one by one
constexpr const char* kMismatch = "expected x[N,H,W,C], w[kh,kw,C/groups,F] and y[N,H',W',F]";

void zero(Call& call, const View& view) {
  float* out = view.as<float>();
  call.parallel_for(view.count, lb::kConvGrain, [=](int64_t begin, int64_t end) {
    memset(out + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
  });
}

// Calls f(group, first pixel, pixels): once for a single group, whose product the threads share; otherwise
// for blocks of pixels of each group, one thread each.
template <class F>
void for_each_block(Call& call, const Convolution& c, int64_t pixels, F f) {
  if (c.groups == 1) return f(0, 0, pixels);
  const int64_t blocks = (pixels + kBlock - 1) / kBlock;
  call.parallel_for(blocks * c.groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * kBlock;
      f(i / blocks, first, pixels - first < kBlock ? pixels - first : kBlock);
    }
  });
}

// y = patches · w + bias
void multiply(Call& call, const Convolution& c, const Patches& patches, int64_t pixels, const float* w,
              const float* bias, float* y) {
  for_each_block(call, c, pixels, [&](int64_t group, int64_t first, int64_t count) {
    const int64_t filter = group * c.group_filters;
    lb_gemm g{};
    g.m = count;
    g.n = c.group_filters;
    g.k = c.depth;
    g.a = patches.data + group * patches.group + first * patches.row;
    g.lda = patches.row;
    g.b = w + filter;
    g.c = y + first * c.filters + filter;
    g.ldb = g.ldc = c.filters;
    g.bias = bias != nullptr ? bias + filter : nullptr;
    call.gemm(g);
  });
}

// patches = dy · wᵀ
void multiply_back(Call& call, const Convolution& c, const Patches& patches, int64_t pixels, const float* w,
                   const float* dy) {
  for_each_block(call, c, pixels, [&](int64_t group, int64_t first, int64_t count) {
    const int64_t filter = group * c.group_filters;
    lb_gemm g{};
    g.m = count;
    g.n = c.depth;
    g.k = c.group_filters;
    g.a = dy + first * c.filters + filter;
    g.b = w + filter;
    g.lda = g.ldb = c.filters;
    g.transpose_b = 1;
    g.c = patches.data + group * patches.group + first * patches.row;
    g.ldc = patches.row;
    call.gemm(g);
  });
}

// Calls f(first row, last row) for each tile.
template <class F>
void for_each_tile(const Convolution& c, F f) {
  const int64_t rows = c.out_rows(), step = c.tile_rows();
  for (int64_t first = 0; first < rows; first += step) f(first, first + step < rows ? first + step : rows);
}

float* tile_buffer(Call& call, const Convolution& c) {
  return call.workspace<float>(c.tile_rows() * c.out_w * c.depth * c.groups + 1);
}

// Into how many runs of pixels the sum of a filter gradient is cut: enough work for 16 threads, however few
// products of 72 x 128 (one task of gemm) the filter makes.
int64_t parts_of(const Convolution& c, int64_t pixels) {
  const int64_t tasks = c.groups * ((c.depth + 71) / 72) * ((c.group_filters + 127) / 128);
  const int64_t wanted = tasks > 0 ? 16 / tasks : 1, most = pixels / 512;
  const int64_t parts = wanted < most ? wanted : most;
  return parts < 1 ? 1 : parts;
}

// sums[part] (+)= patchesᵀ · dy over that part's pixels
void multiply_filter(Call& call, const Convolution& c, const Patches& patches, int64_t pixels,
                     const float* dy, float* sums, int64_t parts, bool accumulate) {
  const int64_t share = (pixels + parts - 1) / parts;
  auto product = [&](int64_t unit) {
    const int64_t group = unit / parts, part = unit % parts;
    const int64_t first = part * share < pixels ? part * share : pixels;
    const int64_t filter = group * c.group_filters;
    lb_gemm g{};
    g.m = c.depth;
    g.n = c.group_filters;
    g.k = pixels - first < share ? pixels - first : share;
    g.a = patches.data + group * patches.group + first * patches.row;
    g.lda = patches.row;
    g.transpose_a = 1;
    g.b = dy + first * c.filters + filter;
    g.c = sums + part * c.depth * c.filters + filter;
    g.ldb = g.ldc = c.filters;
    g.accumulate = accumulate;
    call.gemm(g);
  };
  if (c.groups * parts == 1) return product(0);
  call.parallel_for(c.groups * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) product(unit);
  });
}

void filter_sums(Call& call, const Convolution& c, const float* x, const float* dy, float* sums,
                 int64_t parts) {
  if (c.pointwise()) {
    return multiply_filter(call, c, lb::image_patches(c, x), c.out_rows() * c.out_w, dy, sums, parts, false);
  }
  float* buffer = tile_buffer(call, c);
  if (buffer == nullptr) return;
  for_each_tile(c, [&](int64_t first, int64_t last) {
    const Patches patches = lb::tile_patches(c, buffer, last - first);
    lb::gather(call, c, x, first, last, patches);
    multiply_filter(call, c, patches, (last - first) * c.out_w, dy + first * c.out_w * c.filters, sums, parts,
                    first > 0);
  });
}

}  // namespace

LANDBRIDGE_KERNEL(conv2d, cpu, float32) {
  const View &out = call.out(0), &bias_view = call.in(2);
  const Convolution c(call, call.in(0), call.in(1), out);
  LANDBRIDGE_REQUIRE(c.valid, kMismatch);
  if (out.count == 0) return;
  const float* x = call.in(0).as<const float>();
  const float* w = call.in(1).as<const float>();
  const float* bias = bias_view ? bias_view.as<const float>() : nullptr;
  float* y = out.as<float>();
  if (lb::winograd_suits(c, lb::winograd_use())) {
    return lb::winograd_forward(call, c, x, w, bias, nullptr, false, y);
  }
  if (c.depthwise()) return lb::depthwise(call, c, x, w, bias, y);
  if (c.pointwise()) {
    return multiply(call, c, lb::image_patches(c, x), c.out_rows() * c.out_w, w, bias, y);
  }
  float* buffer = tile_buffer(call, c);
  if (buffer == nullptr) return;
  for_each_tile(c, [&](int64_t first, int64_t last) {
    const Patches patches = lb::tile_patches(c, buffer, last - first);
    lb::gather(call, c, x, first, last, patches);
    multiply(call, c, patches, (last - first) * c.out_w, w, bias, y + first * c.out_w * c.filters);
  });
}

// Inputs: dy, w. Output: dx.
LANDBRIDGE_KERNEL(conv2dInput, cpu, float32) {
  const View& out = call.out(0);
  const Convolution c(call, out, call.in(1), call.in(0));
  LANDBRIDGE_REQUIRE(c.valid, kMismatch);
  if (out.count == 0) return;
  const float* dy = call.in(0).as<const float>();
  const float* w = call.in(1).as<const float>();
  float* dx = out.as<float>();
  if (lb::winograd_suits(c, lb::winograd_use())) return lb::winograd_input(call, c, dy, w, dx);
  if (c.pointwise()) {
    return multiply_back(call, c, lb::image_patches(c, dx), c.out_rows() * c.out_w, w, dy);
  }
  zero(call, out);
  if (c.depthwise()) return lb::depthwise_input(call, c, dy, w, dx);
  float* buffer = tile_buffer(call, c);
  if (buffer == nullptr) return;
  for_each_tile(c, [&](int64_t first, int64_t last) {
    const Patches patches = lb::tile_patches(c, buffer, last - first);
    multiply_back(call, c, patches, (last - first) * c.out_w, w, dy + first * c.out_w * c.filters);
    lb::scatter(call, c, patches, first, last, dx);
  });
}

// Inputs: x, dy. Output: dw.
LANDBRIDGE_KERNEL(conv2dFilter, cpu, float32) {
  const View& out = call.out(0);
  const Convolution c(call, call.in(0), out, call.in(1));
  LANDBRIDGE_REQUIRE(c.valid, kMismatch);
  if (out.count == 0) return;
  const float* x = call.in(0).as<const float>();
  const float* dy = call.in(1).as<const float>();
  float* dw = out.as<float>();
  const int64_t pixels = c.out_rows() * c.out_w;
  if (pixels == 0) return zero(call, out);
  if (lb::winograd_suits(c, lb::winograd_use())) return lb::winograd_filter(call, c, x, dy, dw);
  if (c.depthwise()) {
    zero(call, out);
    return lb::depthwise_filter(call, c, x, dy, dw);
  }
  const int64_t parts = parts_of(c, c.pointwise() ? pixels : c.tile_rows() * c.out_w);
  if (parts == 1) return filter_sums(call, c, x, dy, dw, parts);
  float* sums = call.workspace<float>(parts * out.count);
  if (sums == nullptr) return;
  filter_sums(call, c, x, dy, sums, parts);
  call.parallel_for(out.count, lb::kConvGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float total = sums[i];
      for (int64_t part = 1; part < parts; ++part) total += sums[part * out.count + i];
      dw[i] = total;
    }
  });
}
