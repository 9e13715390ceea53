// Stands in for libcublasLt.so.13 and libcudnn.so.9 where device memory is the host's: the entry points that
// landbridge uses, naively, each refusing arguments that the real library would. lb_fake_products counts what
// it computed. FAKE_REFUSES makes every computation fail, as a library does that lacks a kernel for the GPU.
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {

int lb_fake_products = 0;

constexpr int kBad = 7, kRefused = 15;

static bool refuses() {
  return getenv("FAKE_REFUSES") != nullptr;
}

// ---- cuBLASLt ----

struct Desc {
  int compute, scale;
  int32_t transpose[2];
  uint32_t epilogue;
  const float* bias;
};
struct Layout {
  uint64_t rows, columns;
  int64_t ld, offset;
  int32_t batches;
};
struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

int cublasLtCreate(void** handle) {
  static int self;
  *handle = &self;
  return 0;
}
int cublasLtMatmulDescCreate(void** desc, int compute, int scale) {
  if (scale != 0 || (compute != 68 && compute != 75 && compute != 77)) return kBad;
  *desc = new Desc{compute, scale, {0, 0}, 1, nullptr};
  return 0;
}
int cublasLtMatmulDescDestroy(void* desc) {
  delete static_cast<Desc*>(desc);
  return 0;
}
int cublasLtMatmulDescSetAttribute(void* desc, int attribute, const void* value, size_t bytes) {
  Desc& d = *static_cast<Desc*>(desc);
  void* const to[] = {&d.transpose[0], &d.transpose[1], nullptr, nullptr, &d.epilogue, &d.bias};
  if (attribute < 3 || attribute > 8 || to[attribute - 3] == nullptr) return kBad;
  if (bytes != (attribute == 8 ? sizeof(void*) : 4)) return kBad;
  memcpy(to[attribute - 3], value, bytes);
  return 0;
}
int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t ld) {
  if (type != 0 || ld < static_cast<int64_t>(rows)) return kBad;
  *layout = new Layout{rows, columns, ld, 0, 1};
  return 0;
}
int cublasLtMatrixLayoutDestroy(void* layout) {
  delete static_cast<Layout*>(layout);
  return 0;
}
int cublasLtMatrixLayoutSetAttribute(void* layout, int attribute, const void* value, size_t bytes) {
  Layout& l = *static_cast<Layout*>(layout);
  if (attribute != 5 && attribute != 6) return kBad;
  void* to = attribute == 5 ? static_cast<void*>(&l.batches) : &l.offset;
  if (bytes != (attribute == 5 ? 4u : 8u)) return kBad;
  memcpy(to, value, bytes);
  return 0;
}
int cublasLtMatmulPreferenceCreate(void** preference) {
  *preference = new size_t(0);
  return 0;
}
int cublasLtMatmulPreferenceDestroy(void* preference) {
  delete static_cast<size_t*>(preference);
  return 0;
}
int cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value, size_t bytes) {
  if (attribute == 1 && bytes == 8) return memcpy(preference, value, 8), 0;
  return attribute >= 5 && attribute <= 8 && bytes == 4 ? 0 : kBad;
}
int cublasLtMatmulAlgoGetHeuristic(void*, void*, void* a, void*, void*, void*, void* preference, int wanted,
                                   Heuristic* found, int* count) {
  if (wanted != 1 || *static_cast<size_t*>(preference) < 1024 || static_cast<Layout*>(a)->batches < 1)
    return kBad;
  memset(found, 0, sizeof *found);
  found->workspace = 1024;
  found->algorithm[0] = 42;
  *count = 1;
  return 0;
}
int cublasLtMatmul(void*, void* desc, const float* alpha, const float* a, void* layout_a, const float* b,
                   void* layout_b, const float* beta, const float* c, void* layout_c, float* d,
                   void* layout_d, const uint64_t* algorithm, void* workspace, size_t workspace_bytes,
                   void*) {
  const Desc& p = *static_cast<Desc*>(desc);
  const Layout &la = *static_cast<Layout*>(layout_a), &lb = *static_cast<Layout*>(layout_b);
  const Layout &lc = *static_cast<Layout*>(layout_c), &ld = *static_cast<Layout*>(layout_d);
  const uint64_t k = p.transpose[0] ? la.rows : la.columns;
  if (refuses()) return kRefused;
  if (algorithm[0] != 42 || workspace == nullptr || workspace_bytes != 1024 || lc.ld != ld.ld) return kBad;
  if ((p.transpose[0] ? la.columns : la.rows) != ld.rows ||
      (p.transpose[1] ? lb.rows : lb.columns) != ld.columns || (p.transpose[1] ? lb.columns : lb.rows) != k ||
      la.batches != ld.batches || lb.batches != ld.batches) {
    return kBad;
  }
  if ((p.epilogue != 1 && p.epilogue != 4) || ((p.epilogue & 4) != 0 && p.bias == nullptr)) return kBad;
  memset(workspace, 0, workspace_bytes);
  ++lb_fake_products;
  for (int64_t z = 0; z < ld.batches; ++z) {
    for (uint64_t j = 0; j < ld.columns; ++j) {
      for (uint64_t i = 0; i < ld.rows; ++i) {
        double sum = 0;
        for (uint64_t q = 0; q < k; ++q) {
          sum += static_cast<double>(a[z * la.offset + (p.transpose[0] ? i * la.ld + q : q * la.ld + i)]) *
                 b[z * lb.offset + (p.transpose[1] ? q * lb.ld + j : j * lb.ld + q)];
        }
        const int64_t at = z * ld.offset + j * ld.ld + i;
        const double before = *beta != 0 ? static_cast<double>(*beta) * c[at] : 0;
        d[at] = static_cast<float>(*alpha * sum + before + (p.epilogue & 4 ? p.bias[i] : 0.0f));
      }
    }
  }
  return 0;
}

// ---- cuDNN ----

struct Four {
  int n, c, h, w;
};
struct Conv {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups, math;
};

int cudnnCreate(void** handle) {
  return cublasLtCreate(handle);
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

// Calls f(x, w, y) with the indices of all products; false where the shapes contradict each other.
}  // extern "C"
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
// to[index of the result] += a · b, by(…) choosing among the three indices.
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
