// The index arithmetic of convolutions against loops over all taps and pixels. Built and run by
// test/cuda/products.test.ts.
#include "../cuda/conv_index.h"

#include <algorithm>

#include "products_host.h"

namespace {

using namespace landbridge::cuda;

void test_division() {
  for (const int by :
       {1, 2, 3, 5, 7, 9, 16, 641, 65535, 65536, 1 << 20, (1 << 30) - 1, (1 << 30) + 1, INT32_MAX}) {
    const FastDivide divide(by);
    std::vector<int> numbers{0, 1, by - 1, by, INT32_MAX - 1, INT32_MAX};
    for (int i = 0; i < 1000; ++i) numbers.push_back(static_cast<int>(test::random_bits() >> 1));
    for (const int n : numbers) {
      const int q = divide.quotient(n);
      test::check(q == n / by && divide.remainder(n, q) == n % by,
                  std::to_string(n) + " / " + std::to_string(by));
    }
  }
}

struct Case {
  int pixels, kernel, stride, before, after, dilation;
  int outputs() const { return (pixels + before + after - dilation * (kernel - 1) - 1) / stride + 1; }
};

// Every (output, tap) that meets a pixel, once; nothing else. The same pairs seen from the outputs and, phase
// by phase, from the pixels.
void test_axis(const Case& c) {
  std::vector<int> expected, forward, input;
  const auto note = [&](std::vector<int>& to, int pixel, int output, int tap) {
    to.push_back((pixel * c.outputs() + output) * c.kernel + tap);
  };
  const Axis f = forward_axis(c.pixels, c.outputs(), c.kernel, c.stride, c.before, c.dilation);
  for (int o = 0; o < c.outputs(); ++o) {
    for (int t = 0; t < c.kernel; ++t) {
      const int pixel = o * c.stride - c.before + t * c.dilation, seen = f.start + o * f.step + t * f.tap;
      if (pixel >= 0 && pixel < c.pixels) note(expected, pixel, o, t);
      if (seen >= 0 && seen < f.pixels) note(forward, seen, o, f.first + t * f.skip);
    }
  }
  for (int phase = 0; phase < c.stride && phase < c.pixels; ++phase) {
    const Axis a = input_axis(c.pixels, c.outputs(), c.kernel, c.stride, c.before, c.dilation, phase);
    for (int p = 0; p < a.points; ++p) {
      for (int t = 0; t < a.taps; ++t) {
        const int output = a.start + p * a.step + t * a.tap;
        if (output >= 0 && output < a.pixels) note(input, phase + p * c.stride, output, a.first + t * a.skip);
      }
    }
  }
  for (auto* each : {&expected, &forward, &input}) std::sort(each->begin(), each->end());
  char text[120];
  snprintf(text, sizeof text, "pixels %d kernel %d stride %d padding %d %d dilation %d", c.pixels, c.kernel,
           c.stride, c.before, c.after, c.dilation);
  test::check(expected == forward, std::string("forward: ") + text);
  test::check(expected == input, std::string("input: ") + text);
}

}  // namespace

int main() {
  test_division();
  for (int kernel = 1; kernel <= 4; ++kernel) {
    for (int stride = 1; stride <= 4; ++stride) {
      for (int dilation = 1; dilation <= 4; ++dilation) {
        for (int before = 0; before <= 4; ++before) {
          for (int pixels = 1; pixels <= 9; pixels += 2) {
            const Case c{pixels, kernel, stride, before, 1, dilation};
            if (pixels + before + 1 > dilation * (kernel - 1)) test_axis(c);
          }
        }
      }
    }
  }
  return test::finish();
}
