// A job is a family of products of equal size, one per batch index z:
//   rows(z), depth(z)         of product z (at most those of the shape that the plan was made for)
//   left(z, row, table)       the source of A's rows from `row` on; `table` is its corner of shared memory
//   right(z, column)          likewise of B's columns
//   finish(z), row(z, index)  where results go, and where row `index` of it begins
// and constants kTable (ints of shared memory) and kPrepares.
#pragma once

#include <type_traits>

#include "elementwise.h"
#include "gemm_finish.h"
#include "gemm_plan.h"
#include "gemm_tile.h"

namespace landbridge::cuda {
namespace {

// float32's three products keep the small tile busy, and its two sets of sums leave no registers for a larger
// one.
template <class Precision>
using LargeTile =
    std::conditional_t<Precision::kPrecision == LB_PRECISION_float32, Tile<64, 64>, Tile<128, 128>>;

// Blocks that an SM's registers shall hold.
template <class T, class Precision>
constexpr int kBlocks = T::kRows == 128 || Precision::kPrecision == LB_PRECISION_float32 ? 2 : 4;

struct Cut {
  int tiles_m, tiles_n, splits;
  int64_t first;  // product of this launch
};

struct Place {
  int row, column;
};

// Blocks that run at the same time share rows and columns, so that L2 serves them: eight tiles down, then
// across.
__host__ __device__ constexpr Place tile_place(unsigned index, int tiles_m, int tiles_n) {
  constexpr int kBand = 8;
  const unsigned band = index / static_cast<unsigned>(kBand * tiles_n);
  const int first = static_cast<int>(band) * kBand, rest = static_cast<int>(index - band * (kBand * tiles_n));
  const int height = tiles_m - first < kBand ? tiles_m - first : kBand;
  return {first + rest % height, rest / height};
}

template <class T, class Precision, class Job>
__global__ void __launch_bounds__(kProductThreads, kBlocks<T, Precision>)
    product_kernel(const Job job, const int columns, const int rows, const Cut cut,
                   const Global<float> partials) {
  __shared__ Shared<int, Job::kTable> table;
  const int64_t z = cut.first + blockIdx.z;
  const int row_count = job.rows(z), depth = job.depth(z), all = (depth + kStep - 1) / kStep;
  const Place tile = tile_place(blockIdx.x, cut.tiles_m, cut.tiles_n);
  const int row = tile.row * T::kRows, column = tile.column * T::kColumns;
  if (row >= row_count) return;
  const int begin = static_cast<int>(static_cast<int64_t>(all) * blockIdx.y / cut.splits);
  const int end = static_cast<int>(static_cast<int64_t>(all) * (blockIdx.y + 1) / cut.splits);
  TileSums<T, Precision> sums;
  multiply_tile<T, Precision>(job.left(z, row, table + 0), job.right(z, column), begin * kStep, end - begin,
                              sums);
  const Finish finish =
      cut.splits > 1 ? Finish{partials, {}, {}, false, false, columns % 4 == 0} : job.finish(z);
  const int64_t part = ((blockIdx.y * static_cast<int64_t>(gridDim.z)) + blockIdx.z) * rows * columns;
  for_each_sum<T, Precision>(sums, [&](int down, int across, float4 four) {
    const int i = row + down;
    if (i >= row_count) return;
    finish.put4(four, cut.splits > 1 ? part + static_cast<int64_t>(i) * columns : job.row(z, i),
                column + across, columns);
  });
}

// Adds the parts up in order.
template <class Job>
void combine(Call& call, const Job& job, const ProductShape& shape, int splits, Global<float> partials) {
  const int64_t each_part = static_cast<int64_t>(shape.m) * shape.n * shape.batches;
  each(call, each_part, [=] __device__(int64_t i) {
    const int column = static_cast<int>(i % shape.n), row = static_cast<int>(i / shape.n % shape.m);
    const int64_t z = i / shape.n / shape.m;
    if (row >= job.rows(z)) return;
    float sum = partials[i];
    for (int part = 1; part < splits; ++part) sum += partials[part * each_part + i];
    job.finish(z).put(sum, job.row(z, row), column);
  });
}

template <class T, class Precision, class Job>
void run_tiles(Call& call, const Job& job, const ProductShape& shape, int splits, Global<float> partials) {
  constexpr int64_t kMostLayers = 65535;
  Cut cut{(shape.m + T::kRows - 1) / T::kRows, (shape.n + T::kColumns - 1) / T::kColumns, splits, 0};
  for (; cut.first < shape.batches; cut.first += kMostLayers) {
    const int64_t layers = shape.batches - cut.first < kMostLayers ? shape.batches - cut.first : kMostLayers;
    const Grid grid{dim3(static_cast<unsigned>(cut.tiles_m) * static_cast<unsigned>(cut.tiles_n),
                         static_cast<unsigned>(splits), static_cast<unsigned>(layers)),
                    dim3(kProductThreads), T::kBytes};
    launch<product_kernel<T, Precision, Job>>(call, grid, job, shape.n, shape.m, cut, partials);
  }
}

// Queues a job. Where batches go beyond a grid, splits would be 1: `partials` never spans launches.
template <class Precision, class Job>
void multiply(Call& call, const Job& job, const ProductShape& shape) {
  const Plan plan = plan_of(shape, LargeTile<Precision>::kRows);
  Global<float> partials;
  if (plan.splits > 1) {
    partials = scratch<float>(call, plan.splits * static_cast<int64_t>(shape.m) * shape.n * shape.batches);
    if (!partials) return;
  }
  if (plan.large) {
    run_tiles<LargeTile<Precision>, Precision>(call, job, shape, plan.splits, partials);
  } else {
    run_tiles<Tile<64, 64>, Precision>(call, job, shape, plan.splits, partials);
  }
  if (plan.splits > 1) combine(call, job, shape, plan.splits, partials);
}

}  // namespace
}  // namespace landbridge::cuda
