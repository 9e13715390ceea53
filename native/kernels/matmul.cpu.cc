// Batched matrix product: out[..., m, n] = op(a)[..., m, k] · op(b)[..., k, n]; leading dimensions broadcast.
// Params: transposeA, transposeB. Optional third input: bias[n]; third param: an lb_activation.
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;

// The matrix of `operand` that serves batch `index` of the output.
const float* matrix_of(const View& operand, const View& out, int64_t index) {
  int64_t offset = 0, stride = operand.dim(-1) * operand.dim(-2);
  for (int axis = 3; axis <= operand.rank; ++axis) {
    const int64_t at = index % out.dim(-axis);
    index /= out.dim(-axis);
    if (operand.dim(-axis) > 1) offset += at * stride;
    stride *= operand.dim(-axis);
  }
  return operand.as<const float>() + offset;
}

bool is_shared(const View& operand) {
  for (int axis = 0; axis < operand.rank - 2; ++axis) {
    if (operand.shape[axis] != 1) return false;
  }
  return true;
}

constexpr int64_t kManyBatches = 8;
constexpr int64_t kChunk = 1 << 18;  // multiplications

// Many products go to the threads whole; the threads share the work of each of a few.
template <class F>
void for_each_batch(Call& call, int64_t batches, int64_t multiplications, const F& f) {
  const int64_t fit = kChunk / (multiplications > 0 ? multiplications : 1);
  const int64_t grain = batches < kManyBatches ? batches : fit < 1 ? 1 : fit;
  auto run = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  };
  if (grain >= batches) return run(0, batches);
  call.parallel_for(batches, grain, run);
}

}  // namespace

LANDBRIDGE_KERNEL(matmul, cpu, float32) {
  const View &a = call.in(0), &b = call.in(1), &bias = call.in(2), &out = call.out(0);
  const bool transpose_a = call.flag(0), transpose_b = call.flag(1);
  lb_gemm g{};
  g.m = a.dim(transpose_a ? -1 : -2);
  g.k = a.dim(transpose_a ? -2 : -1);
  g.n = b.dim(transpose_b ? -2 : -1);
  LANDBRIDGE_REQUIRE(b.dim(transpose_b ? -1 : -2) == g.k, "expected inner dimensions that agree");
  LANDBRIDGE_REQUIRE(out.dim(-2) == g.m && out.dim(-1) == g.n, "expected an output of shape [..., m, n]");
  g.lda = a.dim(-1);
  g.ldb = b.dim(-1);
  g.ldc = g.n;
  g.transpose_a = transpose_a;
  g.transpose_b = transpose_b;
  g.bias = bias ? bias.as<const float>() : nullptr;
  g.activation = static_cast<int32_t>(call.integer(2));
  if (out.count == 0) return;
  int64_t batches = out.count / (g.m * g.n);
  // One right-hand side for all: the batch is just more rows.
  if (!transpose_a && is_shared(b) && a.count == batches * g.m * g.k) {
    g.m *= batches;
    batches = 1;
  }
  for_each_batch(call, batches, g.m * g.n * g.k, [&](int64_t index) {
    lb_gemm product = g;
    product.a = matrix_of(a, out, index);
    product.b = matrix_of(b, out, index);
    product.c = out.as<float>() + index * g.m * g.n;
    call.gemm(product);
  });
}
