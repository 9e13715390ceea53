// What we use of cuDNN 9, declared by hand from its public documentation ("cudnn_cnn Library", "cudnn_ops
// Library").
#pragma once

#include <cstddef>

namespace landbridge::cuda {

struct Cudnn {
  static constexpr int kSuccess = 0;
  static constexpr int kFloat = 0, kNhwc = 1, kCrossCorrelation = 1;
  // cudnnMathType_t: default may round to TF32, fma may not.
  static constexpr int kMathDefault = 0, kMathFma = 3;
  // The algorithms that always give the same bits: IMPLICIT_PRECOMP_GEMM, BWD_DATA_ALGO_1, BWD_FILTER_ALGO_1.
  static constexpr int kForward = 1, kBackwardData = 1, kBackwardFilter = 1;

  int (*cudnnCreate)(void** handle);
  int (*cudnnSetStream)(void* handle, void* stream);
  int (*cudnnCreateTensorDescriptor)(void** tensor);
  int (*cudnnDestroyTensorDescriptor)(void* tensor);
  int (*cudnnSetTensor4dDescriptor)(void* tensor, int format, int type, int n, int c, int h, int w);
  int (*cudnnCreateFilterDescriptor)(void** filter);
  int (*cudnnDestroyFilterDescriptor)(void* filter);
  int (*cudnnSetFilter4dDescriptor)(void* filter, int type, int format, int k, int c, int h, int w);
  int (*cudnnCreateConvolutionDescriptor)(void** convolution);
  int (*cudnnDestroyConvolutionDescriptor)(void* convolution);
  int (*cudnnSetConvolution2dDescriptor)(void* convolution, int pad_h, int pad_w, int stride_h, int stride_w,
                                         int dilation_h, int dilation_w, int mode, int compute_type);
  int (*cudnnSetConvolutionGroupCount)(void* convolution, int groups);
  int (*cudnnSetConvolutionMathType)(void* convolution, int math);
  int (*cudnnGetConvolutionForwardWorkspaceSize)(void* handle, void* x, void* w, void* convolution, void* y,
                                                 int algorithm, size_t* bytes);
  int (*cudnnConvolutionForward)(void* handle, const void* alpha, void* x, const void* x_data, void* w,
                                 const void* w_data, void* convolution, int algorithm, void* workspace,
                                 size_t workspace_bytes, const void* beta, void* y, void* y_data);
  int (*cudnnGetConvolutionBackwardDataWorkspaceSize)(void* handle, void* w, void* dy, void* convolution,
                                                      void* dx, int algorithm, size_t* bytes);
  int (*cudnnConvolutionBackwardData)(void* handle, const void* alpha, void* w, const void* w_data, void* dy,
                                      const void* dy_data, void* convolution, int algorithm, void* workspace,
                                      size_t workspace_bytes, const void* beta, void* dx, void* dx_data);
  int (*cudnnGetConvolutionBackwardFilterWorkspaceSize)(void* handle, void* x, void* dy, void* convolution,
                                                        void* dw, int algorithm, size_t* bytes);
  int (*cudnnConvolutionBackwardFilter)(void* handle, const void* alpha, void* x, const void* x_data,
                                        void* dy, const void* dy_data, void* convolution, int algorithm,
                                        void* workspace, size_t workspace_bytes, const void* beta, void* dw,
                                        void* dw_data);
  void* handle;
};

}  // namespace landbridge::cuda
