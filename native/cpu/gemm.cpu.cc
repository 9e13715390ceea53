// The matrix product that every kernel calls through `call.gemm`, compiled once per instruction set.
#include "gemm.h"

#include "gemm_pool.h"

#define LB_JOIN_(a, b) a##b
#define LB_JOIN(a, b) LB_JOIN_(a, b)

using landbridge::Call;

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
  g.relu = p->activation == LB_ACTIVATION_relu;
  if (!lb::simd::gemm(g, lb::pool_of(call))) call.fail("out of memory for the panels of a matrix product");
}
