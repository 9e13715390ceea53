// Convolution and its gradients, executed by the emulation, against loops in double precision over random
// geometries. Built and run by test/cuda/products.test.ts.
#include <cmath>

#include "products_host.h"

namespace {

using test::random_tensor;
using test::Tensor;

struct Geometry {
  int64_t images, height, width, channels, kernel_h, kernel_w, filters;
  int64_t stride_h, stride_w, top, bottom, left, right, dilation_h, dilation_w, groups;

  int64_t out_h() const { return (height + top + bottom - dilation_h * (kernel_h - 1) - 1) / stride_h + 1; }
  int64_t out_w() const { return (width + left + right - dilation_w * (kernel_w - 1) - 1) / stride_w + 1; }
  bool valid() const {
    return height + top + bottom > dilation_h * (kernel_h - 1) &&
           width + left + right > dilation_w * (kernel_w - 1);
  }
  std::vector<double> params(bool relu) const {
    const int64_t all[] = {stride_h, stride_w, top, left, dilation_h, dilation_w, groups, relu, 1};
    return {std::begin(all), std::end(all)};
  }
  std::string text() const {
    char text[200];
    snprintf(text, sizeof text,
             "x %dx%dx%dx%d w %dx%d filters %d stride %d %d padding %d %d %d %d dilation %d %d groups %d",
             (int)images, (int)height, (int)width, (int)channels, (int)kernel_h, (int)kernel_w, (int)filters,
             (int)stride_h, (int)stride_w, (int)top, (int)bottom, (int)left, (int)right, (int)dilation_h,
             (int)dilation_w, (int)groups);
    return text;
  }
};

// Calls f(x's index, w's index, y's index) for every product of the convolution.
template <class F>
void for_each_product(const Geometry& g, F f) {
  const int64_t depth = g.channels / g.groups, own = g.filters / g.groups, oh = g.out_h(), ow = g.out_w();
  for (int64_t n = 0; n < g.images; ++n) {
    for (int64_t i = 0; i < oh * ow; ++i) {
      for (int64_t t = 0; t < g.kernel_h * g.kernel_w; ++t) {
        const int64_t y = i / ow * g.stride_h - g.top + t / g.kernel_w * g.dilation_h;
        const int64_t x = i % ow * g.stride_w - g.left + t % g.kernel_w * g.dilation_w;
        if (y < 0 || x < 0 || y >= g.height || x >= g.width) continue;
        for (int64_t c = 0; c < depth; ++c) {
          for (int64_t k = 0; k < g.filters; ++k) {
            f(((n * g.height + y) * g.width + x) * g.channels + k / own * depth + c,
              (t * depth + c) * g.filters + k, (n * oh * ow + i) * g.filters + k);
          }
        }
      }
    }
  }
}

const double kTolerance[] = {2e-6, 1e-3, 8e-3};  // of the largest magnitude, by lb_precision
const char* const kNames[] = {"float32", "tf32", "bfloat16"};

void compare(const Tensor& got, const std::vector<double>& sums, const std::vector<double>& sizes,
             int precision, const std::string& what, const std::string& why) {
  double error = 0, size = 1e-30;
  for (size_t i = 0; i < sums.size(); ++i) {
    error = std::fmax(error, std::fabs(got.data[i] - sums[i]));
    if (!(std::fabs(got.data[i]) < INFINITY)) error = INFINITY;
    size = std::fmax(size, sizes[i]);
  }
  test::check(why.empty() && error <= kTolerance[precision] * size,
              what + " " + kNames[precision] + ": error " + std::to_string(error / size) + " " + why);
}

void test_geometry(const Geometry& g, int precision, bool fused) {
  const Tensor x = random_tensor({g.images, g.height, g.width, g.channels});
  const Tensor w = random_tensor({g.kernel_h, g.kernel_w, g.channels / g.groups, g.filters});
  const Tensor dy = random_tensor({g.images, g.out_h(), g.out_w(), g.filters});
  const Tensor bias = fused ? random_tensor({g.filters}) : Tensor(),
               residual = fused ? random_tensor(dy.shape) : Tensor();
  Tensor y(dy.shape), dx(x.shape), dw(w.shape);
  std::vector<double> sums[3]{std::vector<double>(y.data.size()), std::vector<double>(dx.data.size()),
                              std::vector<double>(dw.data.size())};
  std::vector<double> sizes[3]{sums[0], sums[1], sums[2]};
  for_each_product(g, [&](int64_t at_x, int64_t at_w, int64_t at_y) {
    const double products[] = {static_cast<double>(x.data[at_x]) * w.data[at_w],
                               static_cast<double>(dy.data[at_y]) * w.data[at_w],
                               static_cast<double>(dy.data[at_y]) * x.data[at_x]};
    const int64_t at[] = {at_y, at_x, at_w};
    for (int i = 0; i < 3; ++i) sums[i][at[i]] += products[i], sizes[i][at[i]] += std::fabs(products[i]);
  });
  for (size_t i = 0; fused && i < sums[0].size(); ++i) {
    sums[0][i] = std::fmax(sums[0][i] + bias.data[i % g.filters] + residual.data[i], 0.0);
  }
  const std::string text = g.text();
  std::string why = test::run("conv2d", {&x, &w, &bias, &residual}, {&y}, g.params(fused), precision);
  compare(y, sums[0], sizes[0], precision, "conv2d " + text, why);
  why = test::run("conv2dInput", {&dy, &w}, {&dx}, g.params(false), precision);
  compare(dx, sums[1], sizes[1], precision, "conv2dInput " + text, why);
  why = test::run("conv2dFilter", {&x, &dy}, {&dw}, g.params(false), precision);
  compare(dw, sums[2], sizes[2], precision, "conv2dFilter " + text, why);
}

int64_t between(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(test::random_bits() % static_cast<uint64_t>(high - low + 1));
}

Geometry random_geometry() {
  for (;;) {
    const int64_t groups = between(0, 2) == 0 ? between(2, 5) : 1, fours = between(0, 1) ? 4 : 1;
    const Geometry g{between(1, 2),
                     between(1, 9),
                     between(1, 9),
                     groups * fours * between(1, 5),
                     between(1, 4),
                     between(1, 4),
                     groups * fours * between(1, 5),
                     between(1, 3),
                     between(1, 3),
                     between(0, 2),
                     between(0, 2),
                     between(0, 2),
                     between(0, 2),
                     between(1, 2),
                     between(1, 2),
                     groups};
    if (g.valid()) return g;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 30;
  for (int i = 0; i < count; ++i) test_geometry(random_geometry(), i % 3, between(0, 1) != 0);
  test_geometry({1, 5, 5, 8, 1, 1, 12, 1, 1, 0, 0, 0, 0, 1, 1, 1}, 0, true);  // pointwise: a plain product
  test_geometry({1, 6, 6, 7, 3, 3, 7, 2, 1, 1, 1, 1, 1, 1, 1, 7}, 0, true);   // depthwise
  test_geometry({2, 6, 9, 8, 3, 3, 8, 1, 2, 1, 1, 1, 1, 1, 1, 8}, 0, true);   // four channels at once
  test_geometry({3, 20, 9, 4, 3, 2, 4, 2, 1, 1, 1, 1, 1, 1, 2, 4}, 0,
                false);  // its filter's gradient in parts
  test_geometry({2, 3, 3, 4, 2, 2, 8, 1, 1, 0, 0, 0, 0, 1, 1, 4}, 1, false);    // two filters per channel
  test_geometry({1, 3, 4, 128, 3, 3, 20, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, true);  // deep enough to be split
  test_geometry({1, 20, 20, 4, 3, 3, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 2, false);  // so is its filter's gradient
  test_geometry({1, 7, 7, 16, 3, 3, 24, 5, 4, 2, 2, 0, 1, 1, 1, 1}, 1, false);  // pixels that no tap reaches
  test_geometry({1, 9, 9, 64, 3, 3, 64, 1, 1, 1, 1, 1, 1, 1, 1, 2}, 0, false);  // groups in the tile engine
  // The large tile: in 200 groups, the forward product and the filter's gradient, then the input's.
  test_geometry({1, 10, 9, 4000, 2, 2, 13200, 1, 1, 0, 0, 0, 0, 1, 1, 200}, 1, false);
  test_geometry({1, 10, 9, 13200, 2, 2, 1000, 1, 1, 0, 0, 0, 0, 1, 1, 200}, 2, false);
  return test::finish();
}
