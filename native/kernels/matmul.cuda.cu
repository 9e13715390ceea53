// Batched matrix product: out[..., m, n] = op(a)[..., m, k] · op(b)[..., k, n]; leading dimensions broadcast.
// Params: transposeA, transposeB. Optional third input: bias[n]; third param: an lb_activation.
#include "../cuda/gemm.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::Product;

// How far the next matrix lies along each batch axis of the output; 0 where the operand is repeated.
void batch_strides(const View& operand, int axes, int64_t* strides) {
  int64_t stride = operand.dim(-1) * operand.dim(-2);
  for (int axis = axes - 1; axis >= 0; --axis) {
    const int own = axis - (axes + 2 - operand.rank);
    const int64_t size = own < 0 ? 1 : operand.shape[own];
    strides[axis] = size > 1 ? stride : 0;
    stride *= size;
  }
}

// One right-hand side for all: the batch is just more rows.
bool is_one_product(const Product& p, const View& a) {
  if (p.transpose_a || a.count != p.batches * p.m * p.k || p.batches * p.m > INT32_MAX - 127) return false;
  for (int axis = 0; axis < p.axes; ++axis) {
    if (p.stride_b[axis] != 0) return false;
  }
  return true;
}

}  // namespace

LANDBRIDGE_KERNEL(matmul, cuda, float32) {
  const View &a = call.in(0), &b = call.in(1), &bias = call.in(2), &out = call.out(0);
  Product p{};
  p.transpose_a = call.flag(0), p.transpose_b = call.flag(1);
  p.m = a.dim(p.transpose_a ? -1 : -2);
  p.k = a.dim(p.transpose_a ? -2 : -1);
  p.n = b.dim(p.transpose_b ? -2 : -1);
  LANDBRIDGE_REQUIRE(b.dim(p.transpose_b ? -1 : -2) == p.k, "expected inner dimensions that agree");
  LANDBRIDGE_REQUIRE(out.dim(-2) == p.m && out.dim(-1) == p.n, "expected an output of shape [..., m, n]");
  if (out.count == 0) return;
  p.a = a.as<const float>(), p.b = b.as<const float>(), p.c = out.as<float>();
  p.lda = a.dim(-1), p.ldb = b.dim(-1), p.ldc = p.n;
  p.bias = bias ? bias.as<const float>() : nullptr;
  p.activation = static_cast<int32_t>(call.integer(2));
  p.batches = out.count / (p.m * p.n);
  p.axes = out.rank - 2;
  for (int axis = 0; axis < p.axes; ++axis) p.shape[axis] = out.shape[axis];
  batch_strides(a, p.axes, p.stride_a);
  batch_strides(b, p.axes, p.stride_b);
  if (is_one_product(p, a)) {
    p.m *= p.batches;
    p.batches = 1, p.axes = 0;
  }
  landbridge::cuda::multiply_matrices(call, p);
}
