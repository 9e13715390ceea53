// Running sums along the middle axis of [outer, n, inner]. Params: outer, n, inner, exclusive, reverse.
#include "../cuda/elementwise.h"
#include "../cuda/scan.h"
#include "landbridge/cuda/warp.h"

namespace {

using landbridge::Call;
using landbridge::cuda::Global;
using landbridge::cuda::kThreads;
using landbridge::cuda::Shared;
using landbridge::cuda::SharedPointer;

constexpr int kEach = 8;                   // neighbours that a thread adds up
constexpr int kTile = kEach * kThreads;    // elements that a block holds at once
constexpr int64_t kRowPart = 16 * kTile;   // of a row, for one block
constexpr int64_t kColumnPart = 128;       // of a column, for one thread, where columns are few
constexpr int64_t kManyColumns = 1 << 15;  // enough threads without parts
constexpr int64_t kShortRow = 64;          // shorter rows than this leave a block idle

// What is to be summed: runs of n elements `step` apart, cut into parts.
struct Runs {
  int64_t outer, n, inner, part, parts;
  bool exclusive, reverse;

  // Element p of a run, counted from where the sum begins.
  __device__ int64_t at(int64_t o, int64_t p, int64_t column) const {
    return (o * n + (reverse ? n - 1 - p : p)) * inner + column;
  }
  __device__ int64_t end(int64_t part_index) const {
    const int64_t end = (part_index + 1) * part;
    return end < n ? end : n;
  }
};

// sums[outer, parts, inner]: turns sums of parts into the sums of all parts before.
template <class Wide>
void place_parts(Call& call, const Runs& runs, Global<Wide> sums) {
  landbridge::cuda::each(call, runs.outer * runs.inner, [=] __device__(int64_t i) {
    const int64_t first = i / runs.inner * runs.parts * runs.inner + i % runs.inner;
    landbridge::cuda::scan_alone(sums, first, runs.inner, runs.parts, Wide{0});
  });
}

// One thread per part of a column.
template <class T, class Wide>
void sum_columns(Call& call, const Runs& runs, Global<const T> in, Global<Wide> sums) {
  landbridge::cuda::each(call, runs.outer * runs.parts * runs.inner, [=] __device__(int64_t i) {
    const int64_t row = i / runs.inner, column = i % runs.inner, o = row / runs.parts,
                  part = row % runs.parts;
    Wide total = 0;
    for (int64_t p = part * runs.part; p < runs.end(part); ++p)
      total += static_cast<Wide>(in[runs.at(o, p, column)]);
    sums[i] = total;
  });
}
template <class T, class Wide>
void run_columns(Call& call, const Runs& runs, Global<const T> in, Global<T> out, Global<const Wide> starts) {
  landbridge::cuda::each(call, runs.outer * runs.parts * runs.inner, [=] __device__(int64_t i) {
    const int64_t row = i / runs.inner, column = i % runs.inner, o = row / runs.parts,
                  part = row % runs.parts;
    Wide total = runs.parts > 1 ? starts[i] : Wide{0};
    for (int64_t p = part * runs.part; p < runs.end(part); ++p) {
      const int64_t at = runs.at(o, p, column);
      const Wide before = total;
      total += static_cast<Wide>(in[at]);
      out[at] = static_cast<T>(runs.exclusive ? before : total);
    }
  });
}

// One block per part of a row.
template <class T, class Wide>
__global__ void sum_rows_kernel(Runs runs, Global<const T> in, Global<Wide> sums) {
  const int64_t o = blockIdx.x / runs.parts, part = blockIdx.x % runs.parts;
  Wide total = 0;
  for (int64_t p = part * runs.part + threadIdx.x; p < runs.end(part); p += kThreads) {
    total += static_cast<Wide>(in[runs.at(o, p, 0)]);
  }
  total = landbridge::cuda::reduce_block(total, Wide{0}, landbridge::cuda::Plus());
  if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

// A gap after each thread's elements, so that the threads of a warp read from different banks.
__device__ int padded(int i) {
  return i + i / kEach;
}

// The running sums of a tile in shared memory, from `carry` on; carry goes on to the next tile.
template <class T, class Wide>
__device__ void scan_tile(SharedPointer<T> tile, bool exclusive, Wide& carry) {
  const int first = static_cast<int>(threadIdx.x) * (kEach + 1);
  Wide sum = 0, all = 0;
  for (int i = 0; i < kEach; ++i) {
    const T x = tile[first + i];
    sum += static_cast<Wide>(x);
  }
  Wide total = carry + landbridge::cuda::scan_block(sum, all);
  for (int i = 0; i < kEach; ++i) {
    const Wide before = total;
    const T x = tile[first + i];
    total += static_cast<Wide>(x);
    tile[first + i] = static_cast<T>(exclusive ? before : total);
  }
  carry += all;
}

template <class T, class Wide>
__global__ void run_rows_kernel(Runs runs, Global<const T> in, Global<T> out, Global<const Wide> starts) {
  __shared__ Shared<T, kTile + kThreads> tile;
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t o = blockIdx.x / runs.parts, part = blockIdx.x % runs.parts, end = runs.end(part);
  Wide carry = runs.parts > 1 ? starts[blockIdx.x] : Wide{0};
  for (int64_t begin = part * runs.part; begin < end; begin += kTile) {
    for (int i = thread; i < kTile; i += kThreads) {
      tile[padded(i)] = begin + i < end ? in[runs.at(o, begin + i, 0)] : T{0};
    }
    landbridge::cuda::sync_block();
    scan_tile<T, Wide>(tile + 0, runs.exclusive, carry);
    landbridge::cuda::sync_block();
    for (int i = thread; i < kTile && begin + i < end; i += kThreads)
      out[runs.at(o, begin + i, 0)] = tile[padded(i)];
    landbridge::cuda::sync_block();
  }
}

template <class T, class Wide>
void cumsum(Call& call) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  if (call.out(0).count == 0) return;
  const bool rows = inner == 1 && n > kShortRow;
  const int64_t part = rows ? kRowPart : outer * inner < kManyColumns ? kColumnPart : n;
  const Runs runs{outer, n, inner, part, (n + part - 1) / part, call.flag(3), call.flag(4)};
  const auto in = landbridge::cuda::global<const T>(call.in(0));
  const auto out = landbridge::cuda::global<T>(call.out(0));
  const auto sums = landbridge::cuda::scratch<Wide>(call, outer * runs.parts * inner);
  if (!sums) return;
  const landbridge::cuda::Grid grid{dim3(static_cast<unsigned>(outer * runs.parts))};
  if (runs.parts > 1) {
    if (rows) landbridge::cuda::launch<sum_rows_kernel<T, Wide>>(call, grid, runs, in, sums);
    if (!rows) sum_columns<T, Wide>(call, runs, in, sums);
    place_parts(call, runs, sums);
  }
  if (!rows) return run_columns<T, Wide>(call, runs, in, out, sums);
  landbridge::cuda::launch<run_rows_kernel<T, Wide>>(call, grid, runs, in, out, Global<const Wide>(sums));
}

}  // namespace

LANDBRIDGE_KERNEL(cumsum, cuda, float32) {
  cumsum<float, double>(call);
}
// Integers wrap around: summed as unsigned, where overflow is defined.
LANDBRIDGE_KERNEL(cumsum, cuda, int32) {
  cumsum<int32_t, uint32_t>(call);
}
