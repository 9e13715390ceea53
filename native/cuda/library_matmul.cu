// Products by cuBLASLt. It counts columns first, so that our row-major C = A·B is its Cᵀ = Bᵀ·Aᵀ: the
// operands change places, and each is transposed for it where it is for us.
#include <array>
#include <map>

#include "elementwise.h"
#include "libraries.h"
#include "library_matmul.h"

namespace landbridge::cuda {
namespace {

constexpr size_t kWorkspace = 32 << 20;  // what cuBLAS recommends for Hopper

// Matrices of a batch at one distance each; shared ones (distance 0) are left to our own kernel.
bool collapse(const Product& p, int64_t& stride_a, int64_t& stride_b) {
  stride_a = stride_b = 0;
  int64_t count = 1;
  for (int axis = p.axes - 1; axis >= 0; --axis) {
    if (p.shape[axis] == 1) continue;
    if (count == 1) stride_a = p.stride_a[axis], stride_b = p.stride_b[axis];
    if (p.stride_a[axis] != count * stride_a || p.stride_b[axis] != count * stride_b) return false;
    count *= p.shape[axis];
  }
  return count == p.batches && (count == 1 || (stride_a > 0 && stride_b > 0)) && count <= INT32_MAX;
}

// Apart from the product, because the library does not say what its own rectifier makes of NaN; here it
// stays.
void rectify(Call& call, const Product& p) {
  const int64_t n = p.n, ldc = p.ldc;
  const Global<float> c{p.c, (p.batches * p.m - 1) * ldc + n};
  each(call, p.batches * p.m * n, [=] __device__(int64_t i) {
    const int64_t at = i / n * ldc + i % n;
    const float x = c[at];
    c[at] = x < 0 ? 0 : x;
  });
}

uint32_t alignment_of(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data) | 256;
  return static_cast<uint32_t>(address & (~address + 1));
}

// What was prepared for products of one kind.
struct Prepared {
  void *desc = nullptr, *a = nullptr, *b = nullptr, *c = nullptr;
  CublasLt::Heuristic choice{};
  bool usable = false;
};

using Key = std::array<int64_t, 17>;

Key key_of(const Product& p, int precision, int64_t stride_a, int64_t stride_b, const float* added) {
  return {p.m,
          p.n,
          p.k,
          p.lda,
          p.ldb,
          p.ldc,
          p.batches,
          stride_a,
          stride_b,
          p.transpose_a,
          p.transpose_b,
          p.bias != nullptr,
          precision,
          alignment_of(p.a),
          alignment_of(p.b),
          alignment_of(p.c),
          added != nullptr ? alignment_of(added) : 0};
}

void set_layout(const CublasLt& lt, bool& good, void*& layout, int64_t rows, int64_t columns, int64_t ld,
                int64_t batches, int64_t stride) {
  const auto r = static_cast<uint64_t>(rows), c = static_cast<uint64_t>(columns);
  good = good && lt.cublasLtMatrixLayoutCreate(&layout, CublasLt::kFloat, r, c, ld) == CublasLt::kSuccess;
  const auto count = static_cast<int32_t>(batches);
  good =
      good && lt.cublasLtMatrixLayoutSetAttribute(layout, CublasLt::kBatchCount, &count, sizeof count) == 0;
  good = good &&
         lt.cublasLtMatrixLayoutSetAttribute(layout, CublasLt::kBatchOffset, &stride, sizeof stride) == 0;
}

bool describe(const CublasLt& lt, Prepared& to, const Product& p, int precision, int64_t stride_a,
              int64_t stride_b) {
  const int compute = precision == LB_PRECISION_tf32       ? CublasLt::kComputeTf32
                      : precision == LB_PRECISION_bfloat16 ? CublasLt::kComputeBf16
                                                           : CublasLt::kCompute32;
  const int32_t left = p.transpose_b ? CublasLt::kTransposed : CublasLt::kPlain;
  const int32_t right = p.transpose_a ? CublasLt::kTransposed : CublasLt::kPlain;
  const uint32_t epilogue = p.bias != nullptr ? CublasLt::kBias : CublasLt::kNothing;
  bool good = lt.cublasLtMatmulDescCreate(&to.desc, compute, CublasLt::kFloat) == CublasLt::kSuccess;
  const auto set = [&](int attribute, const void* value, size_t bytes) {
    good = good && lt.cublasLtMatmulDescSetAttribute(to.desc, attribute, value, bytes) == CublasLt::kSuccess;
  };
  set(CublasLt::kTransA, &left, sizeof left);
  set(CublasLt::kTransB, &right, sizeof right);
  set(CublasLt::kEpilogue, &epilogue, sizeof epilogue);
  set_layout(lt, good, to.a, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k, p.ldb, p.batches,
             stride_b);
  set_layout(lt, good, to.b, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m, p.lda, p.batches,
             stride_a);
  set_layout(lt, good, to.c, p.n, p.m, p.ldc, p.batches, p.m * p.ldc);
  return good;
}

bool choose(const CublasLt& lt, Prepared& to, const Product& p, const float* added) {
  void* preference = nullptr;
  if (lt.cublasLtMatmulPreferenceCreate(&preference) != CublasLt::kSuccess) return false;
  bool good = lt.cublasLtMatmulPreferenceSetAttribute(preference, CublasLt::kMostWorkspace, &kWorkspace,
                                                      sizeof kWorkspace) == CublasLt::kSuccess;
  const void* const data[] = {p.b, p.a, added != nullptr ? added : p.c, p.c};
  for (int i = 0; i < 4; ++i) {
    const uint32_t bytes = alignment_of(data[i]);
    good = good && lt.cublasLtMatmulPreferenceSetAttribute(preference, CublasLt::kAlignmentA + i, &bytes,
                                                           sizeof bytes) == CublasLt::kSuccess;
  }
  int count = 0;
  good = good && lt.cublasLtMatmulAlgoGetHeuristic(lt.handle, to.desc, to.a, to.b, to.c, to.c, preference, 1,
                                                   &to.choice, &count) == CublasLt::kSuccess;
  lt.cublasLtMatmulPreferenceDestroy(preference);
  return good && count == 1 && to.choice.state == CublasLt::kSuccess && to.choice.workspace <= kWorkspace;
}

void release(const CublasLt& lt, const Prepared& old) {
  if (old.desc != nullptr) lt.cublasLtMatmulDescDestroy(old.desc);
  for (void* layout : {old.a, old.b, old.c}) {
    if (layout != nullptr) lt.cublasLtMatrixLayoutDestroy(layout);
  }
}

Prepared& prepared(const CublasLt& lt, const Product& p, int precision, int64_t stride_a, int64_t stride_b,
                   const float* added) {
  constexpr size_t kMost = 4096;
  static std::map<Key, Prepared> all;
  const Key key = key_of(p, precision, stride_a, stride_b, added);
  if (const auto found = all.find(key); found != all.end()) return found->second;
  if (all.size() >= kMost) {
    for (const auto& [_, old] : all) release(lt, old);
    all.clear();
  }
  Prepared& fresh = all[key];
  fresh.usable = describe(lt, fresh, p, precision, stride_a, stride_b) && choose(lt, fresh, p, added);
  return fresh;
}

}  // namespace

bool multiply_by_library(lb_call& plain, const Product& p) {
  auto& call = static_cast<landbridge::Call&>(plain);
  const int64_t work = multiplications(p.m, p.n, p.k, p.batches);
  int64_t stride_a = 0, stride_b = 0;
  if (!wants_library(library_use(), Operation::matmul, call.precision, work)) return false;
  if (p.k == 0 || !collapse(p, stride_a, stride_b)) return false;
  if (p.accumulate && p.residual != nullptr) return false;
  // No preference tells the library how its bias is aligned: it may read 16 bytes at once.
  if (p.bias != nullptr && reinterpret_cast<uintptr_t>(p.bias) % 16 != 0) return false;
  const CublasLt* const library = cublaslt();
  if (library == nullptr) return false;
  const CublasLt& lt = *library;
  const float* added = p.accumulate ? p.c : p.residual;
  const std::lock_guard<std::mutex> lock(library_mutex());
  Prepared& ready = prepared(lt, p, call.precision, stride_a, stride_b, added);
  if (!ready.usable) return false;
  const size_t bytes = ready.choice.workspace;
  void* workspace = bytes > 0 ? call.workspace<char>(static_cast<int64_t>(bytes)) : nullptr;
  if (bytes > 0 && workspace == nullptr) return true;  // the call has failed
  if (p.bias != nullptr && lt.cublasLtMatmulDescSetAttribute(ready.desc, CublasLt::kBiasPointer, &p.bias,
                                                             sizeof p.bias) != CublasLt::kSuccess) {
    return false;
  }
  const float alpha = 1, beta = added != nullptr ? 1 : 0;
  const int status = lt.cublasLtMatmul(lt.handle, ready.desc, &alpha, p.b, ready.a, p.a, ready.b, &beta,
                                       added != nullptr ? added : p.c, ready.c, p.c, ready.c,
                                       &ready.choice.algorithm, workspace, bytes, call.stream);
  if (status != CublasLt::kSuccess) return false;
  if (p.activation == LB_ACTIVATION_relu) rectify(call, p);
  return true;
}

}  // namespace landbridge::cuda
