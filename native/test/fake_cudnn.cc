// Stands in for libcudnn.so.9, as fake_cublaslt.cc does for cuBLASLt.
#include <cstdlib>

extern "C" {

int lb_fake_products = 0;

constexpr int kBad = 7, kRefused = 15;

static bool refuses() {
  return getenv("FAKE_REFUSES") != nullptr;
}

struct Four {
  int n, c, h, w;
};
struct Conv {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups, math;
};

int cudnnCreate(void** handle) {
  static int self;
  *handle = &self;
  return 0;
}
int cudnnSetStream(void*, void*) {
  return 0;
}
int cudnnCreateTensorDescriptor(void** tensor) {
  *tensor = new Four{};
  return 0;
}
int cudnnDestroyTensorDescriptor(void* tensor) {
  delete static_cast<Four*>(tensor);
  return 0;
}
int cudnnSetTensor4dDescriptor(void* tensor, int format, int type, int n, int c, int h, int w) {
  if (format != 1 || type != 0 || n < 1 || c < 1 || h < 1 || w < 1) return kBad;
  *static_cast<Four*>(tensor) = {n, c, h, w};
  return 0;
}
int cudnnCreateFilterDescriptor(void** filter) {
  return cudnnCreateTensorDescriptor(filter);
}
int cudnnDestroyFilterDescriptor(void* filter) {
  return cudnnDestroyTensorDescriptor(filter);
}
int cudnnSetFilter4dDescriptor(void* filter, int type, int format, int k, int c, int h, int w) {
  return cudnnSetTensor4dDescriptor(filter, format, type, k, c, h, w);
}
int cudnnCreateConvolutionDescriptor(void** convolution) {
  *convolution = new Conv{};
  return 0;
}
int cudnnDestroyConvolutionDescriptor(void* convolution) {
  delete static_cast<Conv*>(convolution);
  return 0;
}
int cudnnSetConvolution2dDescriptor(void* convolution, int pad_h, int pad_w, int stride_h, int stride_w,
                                    int dilation_h, int dilation_w, int mode, int type) {
  if (mode != 1 || type != 0 || stride_h < 1 || stride_w < 1 || dilation_h < 1 || dilation_w < 1) return kBad;
  *static_cast<Conv*>(convolution) = {pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, 1, 0};
  return 0;
}
int cudnnSetConvolutionGroupCount(void* convolution, int groups) {
  static_cast<Conv*>(convolution)->groups = groups;
  return 0;
}
int cudnnSetConvolutionMathType(void* convolution, int math) {
  static_cast<Conv*>(convolution)->math = math;
  return math == 0 || math == 3 ? 0 : kBad;
}

}  // extern "C"

// Calls f(x, w, y) with the indices of all products; false where the shapes contradict each other.
template <class F>
static bool for_each_product(const Four& x, const Four& w, const Four& y, const Conv& c, F f) {
  if (x.n != y.n || w.n != y.c || w.c * c.groups != x.c || w.n % c.groups != 0) return false;
  if (y.h != (x.h + 2 * c.pad_h - c.dilation_h * (w.h - 1) - 1) / c.stride_h + 1) return false;
  if (y.w != (x.w + 2 * c.pad_w - c.dilation_w * (w.w - 1) - 1) / c.stride_w + 1) return false;
  for (int p = 0; p < y.n * y.h * y.w; ++p) {
    for (int tap = 0; tap < w.h * w.w; ++tap) {
      const int row = p / y.w % y.h * c.stride_h - c.pad_h + tap / w.w * c.dilation_h;
      const int column = p % y.w * c.stride_w - c.pad_w + tap % w.w * c.dilation_w;
      if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
      for (int k = 0; k < w.n; ++k) {
        for (int d = 0; d < w.c; ++d) {
          f(((p / (y.w * y.h) * x.h + row) * x.w + column) * x.c + k / (w.n / c.groups) * w.c + d,
            (k * w.h * w.w + tap) * w.c + d, p * y.c + k);
        }
      }
    }
  }
  return true;
}
static int count_of(const Four& t) {
  return t.n * t.c * t.h * t.w;
}
// Clears the result and lets by(x, w, y) add every product to it.
template <class By>
static int compute(void* x, void* w, void* y, void* convolution, int algorithm, void* workspace, size_t bytes,
                   const float* beta, float* to, const Four& shape, By by) {
  if (refuses()) return kRefused;
  if (algorithm != 1 || workspace == nullptr || bytes != 512 || *beta != 0) return kBad;
  for (int i = 0; i < count_of(shape); ++i) to[i] = 0;
  ++lb_fake_products;
  return for_each_product(*static_cast<Four*>(x), *static_cast<Four*>(w), *static_cast<Four*>(y),
                          *static_cast<Conv*>(convolution), by)
             ? 0
             : kBad;
}
extern "C" {

int cudnnGetConvolutionForwardWorkspaceSize(void*, void*, void*, void*, void*, int algorithm, size_t* bytes) {
  *bytes = 512;
  return algorithm == 1 ? 0 : kBad;
}
int cudnnConvolutionForward(void*, const float*, void* x, const float* x_data, void* w, const float* w_data,
                            void* convolution, int algorithm, void* workspace, size_t bytes,
                            const float* beta, void* y, float* to) {
  return compute(x, w, y, convolution, algorithm, workspace, bytes, beta, to, *static_cast<Four*>(y),
                 [=](int i, int j, int k) { to[k] += x_data[i] * w_data[j]; });
}
int cudnnGetConvolutionBackwardDataWorkspaceSize(void*, void*, void*, void*, void*, int algorithm,
                                                 size_t* bytes) {
  *bytes = 512;
  return algorithm == 1 ? 0 : kBad;
}
int cudnnConvolutionBackwardData(void*, const float*, void* w, const float* w_data, void* dy,
                                 const float* dy_data, void* convolution, int algorithm, void* workspace,
                                 size_t bytes, const float* beta, void* dx, float* to) {
  return compute(dx, w, dy, convolution, algorithm, workspace, bytes, beta, to, *static_cast<Four*>(dx),
                 [=](int i, int j, int k) { to[i] += dy_data[k] * w_data[j]; });
}
int cudnnGetConvolutionBackwardFilterWorkspaceSize(void*, void*, void*, void*, void*, int algorithm,
                                                   size_t* bytes) {
  *bytes = 512;
  return algorithm == 1 ? 0 : kBad;
}
int cudnnConvolutionBackwardFilter(void*, const float*, void* x, const float* x_data, void* dy,
                                   const float* dy_data, void* convolution, int algorithm, void* workspace,
                                   size_t bytes, const float* beta, void* dw, float* to) {
  return compute(x, dw, dy, convolution, algorithm, workspace, bytes, beta, to, *static_cast<Four*>(dw),
                 [=](int i, int j, int k) { to[j] += dy_data[k] * x_data[i]; });
}
}
