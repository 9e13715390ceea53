// The matrix product that every kernel calls through `call.gemm`, compiled once per instruction set.
#include "gemm.h"

#include "landbridge/kernel.h"

#define LB_JOIN_(a, b) a##b
#define LB_JOIN(a, b) LB_JOIN_(a, b)

namespace {

using landbridge::Call;

// gemm.h hands out tasks one by one; a chunk of one task is what the pool calls.
void run_tasks(void* ctx, int64_t count, void (*body)(void*, int64_t), void* body_ctx) {
  Call& call = *static_cast<Call*>(ctx);
  call.parallel_for(count, 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(body_ctx, i);
  });
}

}  // namespace

// Memory of the calling thread, at least this large; see core/gemm.cc.
extern "C" void* lb_gemm_scratch(size_t bytes);

extern "C" void LB_JOIN(lb_gemm_isa_, LANDBRIDGE_ISA)(lb_call* raw, const lb_gemm* p) {
  Call& call = *static_cast<Call*>(raw);
  lb::simd::Gemm g{};
  g.m = p->m;
  g.n = p->n;
  g.k = p->k;
  g.a = p->a;
  g.b = p->b;
  g.c = p->c;
  g.bias = p->bias;
  g.lda = p->lda;
  g.ldb = p->ldb;
  g.ldc = p->ldc;
  g.trans_a = p->transpose_a != 0;
  g.trans_b = p->transpose_b != 0;
  g.accumulate = p->accumulate != 0;
  const int64_t bytes = lb::simd::gemm_workspace_bytes(g);
  void* workspace = bytes > 0 ? lb_gemm_scratch(static_cast<size_t>(bytes)) : nullptr;
  if (bytes > 0 && workspace == nullptr) return call.fail("out of memory for the panels of a matrix product");
  const lb::simd::Parallel parallel{run_tasks, &call};
  if (p->activation == LB_ACTIVATION_relu) return lb::simd::gemm(g, workspace, parallel, lb::simd::Relu{});
  lb::simd::gemm(g, workspace, parallel);
}
