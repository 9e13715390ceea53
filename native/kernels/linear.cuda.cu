// The gradients of activation(x·w + bias). Inputs: x[rows, k], w[k, n], dy[rows, n], and y where the
// activation was relu. Outputs, each of which may be absent: dx, dw, db. With dz the gradient before the
// activation: dx = dz·wᵀ, dw = xᵀ·dz, db = Σ dz over rows.
#include "../cuda/gemm.h"
#include "landbridge/cuda/warp.h"

namespace {

using landbridge::Call;
using landbridge::View;
using landbridge::cuda::Global;
using landbridge::cuda::Product;

constexpr int kColumns = 32, kLanes = 8;  // of one block of the first pass
constexpr int64_t kRows = 128;            // that a block sums, in float32

struct Pass {
  Global<const float> dy, y;  // y null: no activation
  Global<float> dz, sums;     // null where nobody wants them; sums[chunk, n]
  int64_t rows, n, step;      // rows of a chunk
};

__global__ void before_activation_kernel(const Pass pass) {
  __shared__ landbridge::cuda::Shared<float, kColumns * kLanes> parts;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  const int64_t begin = blockIdx.y * pass.step,
                end = begin + pass.step < pass.rows ? begin + pass.step : pass.rows;
  float sum = 0;
  for (int64_t row = begin + threadIdx.y; row < end && column < pass.n; row += kLanes) {
    const int64_t at = row * pass.n + column;
    float value = pass.dy[at];
    if (pass.y && pass.y[at] <= 0.0f) value = 0;  // a NaN's gradient passes
    if (pass.dz) pass.dz[at] = value;
    sum += value;
  }
  const int place = static_cast<int>(threadIdx.y * kColumns + threadIdx.x);
  parts[place] = sum;
  landbridge::cuda::sync_block();
  if (threadIdx.y != 0 || column >= pass.n || !pass.sums) return;
  float total = 0;
  for (int lane = 0; lane < kLanes; ++lane) total += parts[lane * kColumns + static_cast<int>(threadIdx.x)];
  pass.sums[blockIdx.y * pass.n + column] = total;
}

// One block per column adds its chunks up.
__global__ void bias_kernel(Global<const float> sums, Global<float> db, int64_t chunks, int64_t n) {
  for (int64_t column = blockIdx.x; column < n; column += gridDim.x) {
    double total = 0;
    for (int64_t i = threadIdx.x; i < chunks; i += blockDim.x)
      total += static_cast<double>(sums[i * n + column]);
    total = landbridge::cuda::reduce_block(total, 0.0, landbridge::cuda::Plus());
    if (threadIdx.x == 0) db[column] = static_cast<float>(total);
  }
}

// dz, and db where it is wanted. Null when memory is out.
const float* before_activation(Call& call, const View& dy, const View& y, const View& db, int64_t rows,
                               int64_t n) {
  constexpr int64_t kMostChunks = 65535;
  const int64_t step = rows > kRows * kMostChunks ? (rows + kMostChunks - 1) / kMostChunks : kRows;
  const int64_t chunks = (rows + step - 1) / step;
  Pass pass{landbridge::cuda::global<const float>(dy),
            landbridge::cuda::global<const float>(y),
            {},
            {},
            rows,
            n,
            step};
  if (y) pass.dz = landbridge::cuda::scratch<float>(call, dy.count);
  if (db) pass.sums = landbridge::cuda::scratch<float>(call, chunks * n);
  if ((y && !pass.dz) || (db && !pass.sums)) return nullptr;
  const auto blocks = static_cast<unsigned>((n + kColumns - 1) / kColumns);
  if (y || db) {
    landbridge::cuda::launch<before_activation_kernel>(
        call, {dim3(blocks, static_cast<unsigned>(chunks)), dim3(kColumns, kLanes)}, pass);
  }
  if (db) {
    const auto columns = static_cast<unsigned>(n < (1 << 20) ? n : 1 << 20);
    landbridge::cuda::launch<bias_kernel>(call, {dim3(columns)}, Global<const float>(pass.sums),
                                          landbridge::cuda::global<float>(db), chunks, n);
  }
  return y ? pass.dz.data : dy.as<const float>();
}

}  // namespace

LANDBRIDGE_KERNEL(linearGradient, cuda, float32) {
  const View &x = call.in(0), &w = call.in(1), &dy = call.in(2), &y = call.in(3);
  const View &dx = call.out(0), &dw = call.out(1), &db = call.out(2);
  const int64_t k = w.dim(0), n = w.dim(1);
  int64_t rows = 1;
  for (int axis = 0; axis < dy.rank - 1; ++axis) rows *= dy.shape[axis];
  LANDBRIDGE_REQUIRE(x.count == rows * k && dy.count == rows * n && (!y || y.count == dy.count),
                     "expected x [..., k], w [k, n] and dy [..., n]");
  LANDBRIDGE_REQUIRE((!dx || dx.count == x.count) && (!dw || dw.count == w.count) && (!db || db.count == n),
                     "expected gradients of the shapes of x, w and the bias");
  const float* dz = before_activation(call, dy, y, db, rows, n);
  if (dz == nullptr && dy.count > 0) return;
  Product p{};
  p.m = rows, p.n = k, p.k = n, p.transpose_b = 1;
  p.lda = n, p.ldb = n, p.ldc = k;
  p.a = dz, p.b = w.as<const float>(), p.c = dx.as<float>();
  if (dx) landbridge::cuda::multiply_matrices(call, p);
  p = {};
  p.m = k, p.n = n, p.k = rows, p.transpose_a = 1;
  p.lda = k, p.ldb = n, p.ldc = n;
  p.a = x.as<const float>(), p.b = dz, p.c = dw.as<float>();
  if (dw) landbridge::cuda::multiply_matrices(call, p);
}
