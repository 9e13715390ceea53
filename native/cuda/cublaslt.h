// What we use of cuBLASLt, declared by hand from its public documentation (cuBLAS Library, "Using the
// cuBLASLt API"), so that nothing links to it. Handles and descriptors are opaque.
#pragma once

#include <cstddef>
#include <cstdint>

namespace landbridge::cuda {

struct CublasLt {
  static constexpr int kSuccess = 0;
  // cudaDataType_t, cublasComputeType_t, cublasOperation_t
  static constexpr int kFloat = 0, kCompute32 = 68, kComputeBf16 = 75, kComputeTf32 = 77, kPlain = 0,
                       kTransposed = 1;
  // cublasLtMatmulDescAttributes_t and cublasLtEpilogue_t
  static constexpr int kTransA = 3, kTransB = 4, kEpilogue = 7, kBiasPointer = 8;
  static constexpr uint32_t kNothing = 1, kBias = 4;
  // cublasLtMatrixLayoutAttribute_t: int32_t, int64_t
  static constexpr int kBatchCount = 5, kBatchOffset = 6;
  // cublasLtMatmulPreferenceAttributes_t: size_t, then uint32_t each
  static constexpr int kMostWorkspace = 1, kAlignmentA = 5, kAlignmentB = 6, kAlignmentC = 7, kAlignmentD = 8;

  struct Algorithm {
    uint64_t data[8];
  };
  struct Heuristic {
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
  };

  int (*cublasLtCreate)(void** handle);
  int (*cublasLtMatmulDescCreate)(void** desc, int compute_type, int scale_type);
  int (*cublasLtMatmulDescDestroy)(void* desc);
  int (*cublasLtMatmulDescSetAttribute)(void* desc, int attribute, const void* value, size_t bytes);
  int (*cublasLtMatrixLayoutCreate)(void** layout, int type, uint64_t rows, uint64_t columns, int64_t ld);
  int (*cublasLtMatrixLayoutDestroy)(void* layout);
  int (*cublasLtMatrixLayoutSetAttribute)(void* layout, int attribute, const void* value, size_t bytes);
  int (*cublasLtMatmulPreferenceCreate)(void** preference);
  int (*cublasLtMatmulPreferenceDestroy)(void* preference);
  int (*cublasLtMatmulPreferenceSetAttribute)(void* preference, int attribute, const void* value,
                                              size_t bytes);
  int (*cublasLtMatmulAlgoGetHeuristic)(void* handle, void* desc, void* a, void* b, void* c, void* d,
                                        void* preference, int wanted, Heuristic* found, int* count);
  int (*cublasLtMatmul)(void* handle, void* desc, const void* alpha, const void* a, void* layout_a,
                        const void* b, void* layout_b, const void* beta, const void* c, void* layout_c,
                        void* d, void* layout_d, const Algorithm* algorithm, void* workspace,
                        size_t workspace_bytes, void* stream);
  void* handle;
};

}  // namespace landbridge::cuda
