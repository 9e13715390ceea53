// Stands in for libcublasLt.so.13 where device memory is the host's: the entry points that landbridge uses,
// naively, each refusing arguments that the real library would. lb_fake_products counts what it computed;
// FAKE_REFUSES makes every computation fail, as a library does that lacks a kernel for the GPU.
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {

int lb_fake_products = 0;

constexpr int kBad = 7, kRefused = 15;

static bool refuses() {
  return getenv("FAKE_REFUSES") != nullptr;
}

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
}
