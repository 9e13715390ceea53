// How CUDA kernels are launched: through one function, so that every launch is checked, and the same source
// also runs on the host (see platform.h).
#pragma once

#include <mutex>

#include "limits.h"
#include "platform.h"

namespace landbridge::cuda {
namespace {

using landbridge::Call;
using landbridge::View;

constexpr unsigned kThreads = 256;  // per block, where nothing speaks for another number

struct Grid {
  dim3 blocks, threads = dim3(kThreads);
  size_t shared = 0;  // bytes of dynamic shared memory
};

// As many blocks as `count` threads need; past 2^20 blocks the threads must stride over the grid.
inline Grid grid_for(int64_t count, unsigned threads = kThreads) {
  const int64_t blocks = (count + threads - 1) / threads;
  return {dim3(static_cast<unsigned>(blocks > (1 << 20) ? (1 << 20) : blocks)), dim3(threads)};
}

inline Extent extent_of(const Grid& grid) {
  return {{grid.blocks.x, grid.blocks.y, grid.blocks.z},
          {grid.threads.x, grid.threads.y, grid.threads.z},
          grid.shared};
}

#ifndef LANDBRIDGE_CUDA_EMULATED
// Lets a kernel have that much dynamic shared memory. What a kernel may have holds for all threads that launch
// it: it only grows.
template <auto Kernel>
cudaError_t allow_shared(size_t bytes) {
  static std::mutex mutex;
  static size_t allowed = 32 << 10;  // 48 KiB may be had without asking, static memory included
  const std::lock_guard<std::mutex> lock(mutex);
  if (bytes <= allowed) return cudaSuccess;
  const cudaError_t error =
      cudaFuncSetAttribute(Kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  if (error != cudaSuccess) return cudaGetLastError(), error;  // forgotten: the next launch is not to tell it
  allowed = bytes;
  return cudaSuccess;
}

template <auto Kernel, class... Arguments>
cudaError_t start(cudaStream_t stream, const Grid& grid, Arguments... arguments) {
  if (const cudaError_t refused = allow_shared<Kernel>(grid.shared)) return refused;
  Kernel<<<grid.blocks, grid.threads, grid.shared, stream>>>(arguments...);
  return cudaGetLastError();
}
#endif

// Queues Kernel(arguments...) on the call's stream. A grid without blocks does nothing; a launch that no
// supported GPU could run, or that the driver refuses, fails the call.
template <auto Kernel, class... Arguments>
void launch(Call& call, const Grid& grid, Arguments... arguments) {
  if (is_empty(extent_of(grid))) return;
  if (const char* sentence = refusal(extent_of(grid))) return call.fail(sentence);
#ifdef LANDBRIDGE_CUDA_EMULATED
  emulate(call, __PRETTY_FUNCTION__, grid.blocks, grid.threads, grid.shared, [=] { Kernel(arguments...); });
#else
  const cudaError_t error = start<Kernel>(static_cast<cudaStream_t>(call.stream), grid, arguments...);
  if (error != cudaSuccess) call.fail(cudaGetErrorString(error));
#endif
}

template <class F>
__global__ void each_kernel(int64_t count, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) f(i);
}

// Calls f(i) for each i in [0, count), each in a thread of its own (nvcc --extended-lambda):
//   each(call, n, [=] __device__(int64_t i) { … });
template <class F>
void each(Call& call, int64_t count, F f) {
  launch<each_kernel<F>>(call, grid_for(count), count, f);
}

// The elements of a tensor; null where it is absent.
template <class T>
Global<T> global(const View& view) {
  return {view.as<T>(), view.count};
}

// `count` elements of device memory until the call's work is done; null, and the call failed, when memory is
// out.
template <class T>
Global<T> scratch(Call& call, int64_t count) {
  return {call.workspace<T>(count), count};
}

// Fails the call from inside a kernel, where the values are: `fail(value)` reports one of them, any one where
// several threads fail. The message says "%d" where the value goes. What the kernel writes is not used any
// more, but it must stay in bounds.
struct Report {
  Global<unsigned long long> word;
  unsigned code;

  __device__ void fail(int value) const {
    const unsigned long long what =
        static_cast<unsigned long long>(code) << 32 | static_cast<unsigned>(value);
    atomic_cas(word, 0, 0, what);
  }
};

inline Report report(Call& call, const char* message) {
  const lb_report made = call.host->report(&call, message);
  return {{static_cast<unsigned long long*>(made.word), 1}, made.code};
}

}  // namespace
}  // namespace landbridge::cuda
