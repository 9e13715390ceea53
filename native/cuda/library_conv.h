// Convolutions by cuDNN, through the interface that it has had since version 7. Its filters are [F, kh, kw,
// C], ours [kh, kw, C, F]: they are transposed on the way in and out. Bias, residual and activation follow in
// a pass of their own.
#pragma once

#include "conv.h"
#include "elementwise.h"
#include "gemm_finish.h"
#include "libraries.h"

namespace landbridge::cuda {
namespace {

constexpr int kTurn = 32;

// to[columns, rows] = from[rows, columns]ᵀ
__global__ void turn_kernel(Global<const float> from, Global<float> to, int rows, int columns) {
  __shared__ Shared<float, kTurn*(kTurn + 1)> tile;
  const int x = static_cast<int>(threadIdx.x);
  const int row = static_cast<int>(blockIdx.x) * kTurn, column = static_cast<int>(blockIdx.y) * kTurn;
  for (int y = static_cast<int>(threadIdx.y); y < kTurn; y += static_cast<int>(blockDim.y)) {
    if (row + y < rows && column + x < columns) {
      tile[y * (kTurn + 1) + x] = from[static_cast<int64_t>(row + y) * columns + column + x];
    }
  }
  sync_block();
  for (int y = static_cast<int>(threadIdx.y); y < kTurn; y += static_cast<int>(blockDim.y)) {
    if (column + y < columns && row + x < rows) {
      to[static_cast<int64_t>(column + y) * rows + row + x] = tile[x * (kTurn + 1) + y];
    }
  }
}

inline void turn(Call& call, Global<const float> from, Global<float> to, int rows, int columns) {
  const auto blocks = [](int size) { return static_cast<unsigned>((size + kTurn - 1) / kTurn); };
  launch<turn_kernel>(call, {dim3(blocks(rows), blocks(columns)), dim3(kTurn, 8)}, from, to, rows, columns);
}

// The descriptors of one call.
struct CudnnConvolution {
  const Cudnn& l;
  void *x = nullptr, *w = nullptr, *y = nullptr, *convolution = nullptr;
  bool good = true;

  CudnnConvolution(const Cudnn& library, const ConvShape& c, int precision) : l(library) {
    note(l.cudnnCreateTensorDescriptor(&x)), note(l.cudnnCreateTensorDescriptor(&y));
    note(l.cudnnCreateFilterDescriptor(&w)), note(l.cudnnCreateConvolutionDescriptor(&convolution));
    if (!good) return;
    note(l.cudnnSetTensor4dDescriptor(x, Cudnn::kNhwc, Cudnn::kFloat, c.images, c.channels, c.height,
                                      c.width));
    note(l.cudnnSetTensor4dDescriptor(y, Cudnn::kNhwc, Cudnn::kFloat, c.images, c.filters, c.out_h, c.out_w));
    note(l.cudnnSetFilter4dDescriptor(w, Cudnn::kFloat, Cudnn::kNhwc, c.filters, c.group_channels, c.kernel_h,
                                      c.kernel_w));
    note(l.cudnnSetConvolution2dDescriptor(convolution, c.top, c.left, c.stride_h, c.stride_w, c.dilation_h,
                                           c.dilation_w, Cudnn::kCrossCorrelation, Cudnn::kFloat));
    note(l.cudnnSetConvolutionGroupCount(convolution, c.groups));
    const bool exact = precision == LB_PRECISION_float32;
    note(l.cudnnSetConvolutionMathType(convolution, exact ? Cudnn::kMathFma : Cudnn::kMathDefault));
  }
  CudnnConvolution(const CudnnConvolution&) = delete;
  ~CudnnConvolution() {
    if (x != nullptr) l.cudnnDestroyTensorDescriptor(x);
    if (y != nullptr) l.cudnnDestroyTensorDescriptor(y);
    if (w != nullptr) l.cudnnDestroyFilterDescriptor(w);
    if (convolution != nullptr) l.cudnnDestroyConvolutionDescriptor(convolution);
  }
  void note(int status) { good = good && status == Cudnn::kSuccess; }
};

// cuDNN pads both sides alike.
inline bool is_symmetric(const ConvShape& c) {
  return c.out_h == (c.height + 2 * c.top - c.dilation_h * (c.kernel_h - 1) - 1) / c.stride_h + 1 &&
         c.out_w == (c.width + 2 * c.left - c.dilation_w * (c.kernel_w - 1) - 1) / c.stride_w + 1;
}

// Sets up a call of `operation` and runs f(descriptors, filter [F, kh, kw, C]); false where our own kernel is
// to do it. What f queued before it failed writes to nothing that our own kernel does not write again.
template <class F>
bool by_cudnn(Call& call, Operation operation, const ConvShape& c, F f) {
  const int64_t depth = static_cast<int64_t>(c.kernel_h) * c.kernel_w * c.group_channels;
  const int64_t work =
      multiplications(static_cast<int64_t>(c.images) * c.out_h * c.out_w, c.filters, depth, 1);
  if (!wants_library(library_use(), operation, call.precision, work)) return false;
  if (work == 0 || !is_symmetric(c)) return false;
  const Cudnn* const library = cudnn();
  if (library == nullptr) return false;
  const std::lock_guard<std::mutex> lock(library_mutex());
  const Cudnn& l = *library;
  CudnnConvolution d(l, c, call.precision);
  if (!d.good || l.cudnnSetStream(l.handle, call.stream) != Cudnn::kSuccess) return false;
  const Global<float> filter = scratch<float>(call, depth * c.filters);
  return !filter || f(d, filter, static_cast<int>(depth));
}

// The workspace of `bytes`; false when memory is out.
inline bool take_workspace(Call& call, size_t bytes, void*& workspace) {
  workspace = bytes > 0 ? call.workspace<char>(static_cast<int64_t>(bytes)) : nullptr;
  return bytes == 0 || workspace != nullptr;
}

constexpr float kOne = 1, kZero = 0;

inline bool forward_by_cudnn(Call& call, const ConvShape& c, const View& x, const View& w, const Finish& to) {
  return by_cudnn(
      call, Operation::conv_forward, c, [&](CudnnConvolution& d, Global<float> filter, int depth) {
        const Cudnn& l = d.l;
        size_t bytes = 0;
        void* workspace;
        turn(call, global<const float>(w), filter, depth, c.filters);
        d.note(l.cudnnGetConvolutionForwardWorkspaceSize(l.handle, d.x, d.w, d.convolution, d.y,
                                                         Cudnn::kForward, &bytes));
        if (!d.good) return false;
        if (!take_workspace(call, bytes, workspace)) return true;
        d.note(l.cudnnConvolutionForward(l.handle, &kOne, d.x, x.data, d.w, filter.data, d.convolution,
                                         Cudnn::kForward, workspace, bytes, &kZero, d.y, to.out.data));
        if (!d.good || (!to.bias && !to.residual && !to.relu)) return d.good;
        const int64_t pixels = static_cast<int64_t>(c.images) * c.out_h * c.out_w, filters = c.filters;
        each(call, pixels * filters, [=] __device__(int64_t i) {
          to.put(to.out[i], i / filters * filters, static_cast<int>(i % filters));
        });
        return true;
      });
}

inline bool input_by_cudnn(Call& call, const ConvShape& c, const View& dy, const View& w, const View& dx) {
  return by_cudnn(call, Operation::conv_input, c, [&](CudnnConvolution& d, Global<float> filter, int depth) {
    const Cudnn& l = d.l;
    constexpr int kAlgorithm = Cudnn::kBackwardData;
    size_t bytes = 0;
    void* workspace;
    turn(call, global<const float>(w), filter, depth, c.filters);
    d.note(l.cudnnGetConvolutionBackwardDataWorkspaceSize(l.handle, d.w, d.y, d.convolution, d.x, kAlgorithm,
                                                          &bytes));
    if (!d.good) return false;
    if (!take_workspace(call, bytes, workspace)) return true;
    d.note(l.cudnnConvolutionBackwardData(l.handle, &kOne, d.w, filter.data, d.y, dy.data, d.convolution,
                                          kAlgorithm, workspace, bytes, &kZero, d.x, dx.data));
    return d.good;
  });
}

inline bool filter_by_cudnn(Call& call, const ConvShape& c, const View& x, const View& dy, const View& dw) {
  return by_cudnn(call, Operation::conv_filter, c, [&](CudnnConvolution& d, Global<float> filter, int depth) {
    const Cudnn& l = d.l;
    constexpr int kAlgorithm = Cudnn::kBackwardFilter;
    size_t bytes = 0;
    void* workspace;
    d.note(l.cudnnGetConvolutionBackwardFilterWorkspaceSize(l.handle, d.x, d.y, d.convolution, d.w,
                                                            kAlgorithm, &bytes));
    if (!d.good) return false;
    if (!take_workspace(call, bytes, workspace)) return true;
    d.note(l.cudnnConvolutionBackwardFilter(l.handle, &kOne, d.x, x.data, d.y, dy.data, d.convolution,
                                            kAlgorithm, workspace, bytes, &kZero, d.w, filter.data));
    if (d.good) turn(call, Global<const float>(filter), global<float>(dw), c.filters, depth);
    return d.good;
  });
}

}  // namespace
}  // namespace landbridge::cuda
