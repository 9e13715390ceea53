// The tile engine of all products: a block of four warps computes M x N elements, its operands streaming
// through four stages of shared memory by cp.async while the stage that arrived is multiplied.
//
// Why these tiles: per 16 steps of k an M x N tile brings in 64·(M + N) bytes and multiplies 16·M·N pairs.
//   128 x 128  16 KiB from L2 for 262,144 multiplications: on an A100 (512 TF32 products and some 47 bytes of
//              L2 per clock and SM) 512 clocks of tensor cores against 350 of L2, on an H100 (half the rate of
//              1,024 is what mma.sync sustains) about 410 against 290. Warps of 64 x 64 read 32 KiB of shared
//              memory, 256 clocks. 64 KiB of stages and at most 255 registers: two blocks, eight warps per SM.
//   64 x 64    for problems with too few large tiles, and for float32, whose three products per pair cost 384
//              clocks per 8 KiB and whose two sets of sums take the registers of a larger tile. 32 KiB;
//              4 blocks per SM (float32: 2).
// bfloat16 doubles the rate of the tensor cores; float32 in shared memory then bounds the large tile at half
// of it.
#pragma once

#include "gemm_precision.h"

namespace landbridge::cuda {
namespace {

template <int M, int N>
struct Tile {
  static constexpr int kRows = M, kColumns = N;
  static constexpr int kWarpRows = M / 2, kWarpColumns = N / 2;  // 2 x 2 warps
  static constexpr int kDown = kWarpRows / kPatch, kAcross = kWarpColumns / kPatch;
  static constexpr int kStageFloats = (M + N) * kStep;
  static constexpr size_t kBytes = sizeof(float) * kStageFloats * kStages;
};

// The sums of one warp's part of the tile.
template <class T, class Precision>
using TileSums = typename Precision::Accumulator[T::kDown][T::kAcross];

template <class T, class A, class B, class Precision>
__device__ __forceinline__ void multiply_stage(SharedPointer<float> stage, TileSums<T, Precision>& sums) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int row = warp / 2 * T::kWarpRows, column = warp % 2 * T::kWarpColumns;
  const SharedPointer<float> tile_b = stage + T::kRows * kStep;
  typename Precision::Operand b[T::kAcross];
#pragma unroll
  for (int j = 0; j < T::kAcross; ++j) {
    Precision::convert(read_fragment<B::kByDepth, T::kColumns>(tile_b, column + j * kPatch), b[j]);
  }
#pragma unroll
  for (int i = 0; i < T::kDown; ++i) {
    typename Precision::Operand a;
    Precision::convert(read_fragment<A::kByDepth, T::kRows>(stage, row + i * kPatch), a);
#pragma unroll
    for (int j = 0; j < T::kAcross; ++j) Precision::multiply(sums[i][j], a, b[j]);
  }
}

// sums += A · B over `steps` stages from k0 on. The sources know the tile's place; prepare(step) lets them
// write what their addresses need of that stage, one barrier before it is copied.
template <class T, class Precision, class A, class B>
__device__ __forceinline__ void multiply_tile(const A& a, const B& b, int k0, int steps,
                                              TileSums<T, Precision>& sums) {
  const SharedPointer<float> memory = dynamic_shared<float>();
  const auto copy = [&](int step) {
    if (step < steps) {
      const SharedPointer<float> stage = memory + step % kStages * T::kStageFloats;
      copy_tile<T::kRows>(a, stage, k0 + step * kStep);
      copy_tile<T::kColumns>(b, stage + T::kRows * kStep, k0 + step * kStep);
    }
    copy_async_commit();  // an empty group past the end keeps the count
  };
#pragma unroll 1
  for (int step = 0; step < kStages; ++step) a.prepare(k0 + step * kStep);
  if constexpr (A::kPrepares) sync_block();
#pragma unroll 1
  for (int step = 0; step < kStages - 1; ++step) copy(step);
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    copy_async_wait<kStages - 2>();
    sync_block();  // the stage is there for all, and the one before it is done with
    copy(step + kStages - 1);
    a.prepare(k0 + (step + kStages) * kStep);
    multiply_stage<T, A, B, Precision>(memory + step % kStages * T::kStageFloats, sums);
  }
  copy_async_wait<0>();
}

// Calls f(row, column, float4) for each four neighbours of the tile that this thread has summed.
template <class T, class Precision, class F>
__device__ __forceinline__ void for_each_sum(const TileSums<T, Precision>& sums, F f) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int row = warp / 2 * T::kWarpRows + lane / 4 * 4, column = warp % 2 * T::kWarpColumns + lane % 4 * 8;
#pragma unroll
  for (int down = 0; down < T::kDown; ++down) {
#pragma unroll
    for (int across = 0; across < T::kAcross; ++across) {
      const typename Precision::Accumulator& part = sums[down][across];
#pragma unroll
      for (int r = 0; r < 4; ++r) {
#pragma unroll
        for (int c = 0; c < 2; ++c) {
          const int i = r / 2, d = r % 2 * 2 + c;
          f(row + down * kPatch + r, column + across * kPatch + 4 * c,
            make_float4(part.sum(i, 0, d), part.sum(i, 1, d), part.sum(i, 2, d), part.sum(i, 3, d)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace landbridge::cuda
