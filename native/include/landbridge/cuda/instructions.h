// Special instructions by name: barriers, shuffles, atomics, tensor cores, asynchronous copies. The one place
// with inline assembly; test/support/cuda_emulation.h has the same functions for the host.
#pragma once

#include <cstdint>

#include "pointers.h"

namespace landbridge::cuda {
namespace {

constexpr unsigned kAllLanes = 0xffffffffu;

// Every thread of the block arrives before any goes on, and sees what the others wrote.
__device__ __forceinline__ void sync_block() {
  __syncthreads();
}
// The same for the 32 threads of a warp.
__device__ __forceinline__ void sync_warp() {
  __syncwarp();
}

// Exchanges among the lanes of a warp; all 32 must take part.
template <class T>
__device__ __forceinline__ T shuffle(T value, int lane) {
  return __shfl_sync(kAllLanes, value, lane);
}
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, int mask) {
  return __shfl_xor_sync(kAllLanes, value, mask);
}
template <class T>
__device__ __forceinline__ T shuffle_up(T value, int delta) {
  return __shfl_up_sync(kAllLanes, value, delta);
}
template <class T>
__device__ __forceinline__ T shuffle_down(T value, int delta) {
  return __shfl_down_sync(kAllLanes, value, delta);
}
// Bit i: whether `condition` holds in lane i.
__device__ __forceinline__ unsigned ballot(bool condition) {
  return __ballot_sync(kAllLanes, condition);
}

// Atomics are for integers alone: sums of floats in varying order differ from run to run. They return the old
// value.
__device__ __forceinline__ int atomic_add(Global<int> at, int64_t i, int value) {
  return atomicAdd(at.data + i, value);
}
__device__ __forceinline__ int atomic_add(SharedPointer<int> at, int i, int value) {
  return atomicAdd(at.data + i, value);
}
__device__ __forceinline__ int atomic_max(Global<int> at, int64_t i, int value) {
  return atomicMax(at.data + i, value);
}
__device__ __forceinline__ unsigned long long atomic_cas(Global<unsigned long long> at, int64_t i,
                                                         unsigned long long expected,
                                                         unsigned long long value) {
  return atomicCAS(at.data + i, expected, value);
}

// The nearest TensorFloat-32 number (10 bits of mantissa), ties away from zero, in a float's bits.
__device__ __forceinline__ uint32_t to_tf32(float x) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
}
// Two bfloat16 numbers (round to nearest even) in one word; `low` in the lower half.
__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
  uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
}

// D[16,8] += A[16,8] · B[8,8] by one warp, TF32 in, float32 sums. With g = lane / 4 and t = lane % 4 (PTX
// ISA, "Matrix fragments for mma.m16n8k8"): a = A[g][t], A[g+8][t], A[g][t+4], A[g+8][t+4]; b = B[t][g],
// B[t+4][g]; d = D[g][2t], D[g][2t+1], D[g+8][2t], D[g+8][2t+1].
__device__ __forceinline__ void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// D[16,8] += A[16,16] · B[16,8], bfloat16 in, float32 sums ("mma.m16n8k16"): a = A[g][2t..], A[g+8][2t..],
// A[g][2t+8..], A[g+8][2t+8..]; b = B[2t..][g], B[2t+8..][g], each word a pair of neighbours along k; d as
// above.
__device__ __forceinline__ void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Starts a copy of 16 bytes (4 floats, both addresses multiples of 16 bytes) or of 4 bytes from device to
// shared memory. Where `valid` is false zeros arrive instead, and the source is not read. The data is there
// after copy_async_wait and, for the other threads, a barrier.
__device__ __forceinline__ void copy_async16(SharedPointer<float> to, Global<const float> from,
                                             bool valid = true) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(to.data));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from.data),
               "r"(valid ? 16 : 0)
               : "memory");
}
__device__ __forceinline__ void copy_async4(SharedPointer<float> to, Global<const float> from,
                                            bool valid = true) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(to.data));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(address), "l"(from.data),
               "r"(valid ? 4 : 0)
               : "memory");
}
// Closes a group of copies.
__device__ __forceinline__ void copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
// Waits until at most `Pending` of this thread's newest groups are still under way.
template <int Pending>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

}  // namespace
}  // namespace landbridge::cuda
