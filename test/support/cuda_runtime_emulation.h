// The functions of the CUDA runtime that native/cuda/device.cu uses, on the host. Work is done when it is
// queued, or collected while a stream is captured; events can be told to take their time. Fresh memory holds
// NaN; addresses are checked; errors can be ordered. Everything is wrong from the first sticky error on, as
// with CUDA.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "emulated_stream.h"

#define __global__

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorGraphExecUpdateFailure = 910,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaStreamCaptureMode { cudaStreamCaptureModeRelaxed = 2 };
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventBlockingSync = 1;

struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int major, minor;
  size_t sharedMemPerBlockOptin;
};
struct cudaFuncAttributes {};
struct cudaGraphExecUpdateResultInfo {};
struct EmulatedEvent {
  std::chrono::steady_clock::time_point recorded, done;
};
using EmulatedGraph = std::vector<std::function<void()>>;
using cudaStream_t = EmulatedStream*;
using cudaEvent_t = EmulatedEvent*;
using cudaGraph_t = EmulatedGraph*;
using cudaGraphExec_t = EmulatedGraph*;

namespace {

bool is_dry() {
  return landbridge::cuda::emulated::dry_record() != nullptr;
}
const size_t kEmulatedMemory = size_t{4} << (is_dry() ? 40 : 30);

struct Emulation {
  std::mutex mutex;
  std::map<const char*, size_t> blocks;
  // What landbridge_emulation() sets and tells.
  std::map<std::string, std::atomic<int64_t>> numbers;
};

Emulation& emulation() {
  static Emulation* const instance = new Emulation;
  return *instance;
}
std::atomic<int64_t>& emulated(const char* number) {
  std::lock_guard<std::mutex> lock(emulation().mutex);
  return emulation().numbers[number];
}
// Whether one of the failures that were ordered is due.
bool ordered(const char* number) {
  std::atomic<int64_t>& left = emulated(number);
  return left > 0 && left-- > 0;
}
cudaError_t health() {
  return emulated("break") != 0 ? cudaErrorIllegalAddress : cudaSuccess;
}
cudaError_t broken() {
  emulated("break") = 1;
  return cudaErrorIllegalAddress;
}
bool is_device_memory(const void* data, size_t bytes) {
  std::lock_guard<std::mutex> lock(emulation().mutex);
  auto block = emulation().blocks.upper_bound(static_cast<const char*>(data));
  if (block == emulation().blocks.begin()) return false;
  --block;
  return static_cast<const char*>(data) + bytes <= block->first + block->second;
}

const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorIllegalAddress) return "an illegal memory access was encountered";
  if (error == cudaErrorStreamCaptureInvalidated)
    return "operation failed due to a previous error during capture";
  return error == cudaErrorMemoryAllocation ? "out of memory" : "invalid argument";
}
cudaError_t cudaGetLastError() {
  return health();
}
cudaError_t cudaDriverGetVersion(int* version) {
  return *version = 13000, cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  return *version = 13000, cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  return *count = 1, cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* device, int) {
  const size_t shared = landbridge::cuda::emulated::shared_of_block();
  *device = {"CUDA emulated on the host, for tests", kEmulatedMemory, 8, 0, shared};
  return health();
}
template <class F>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, F) {
  return health();
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = kEmulatedMemory;
  *free = kEmulatedMemory - static_cast<size_t>(emulated("bytes"));
  return health();
}
cudaError_t cudaMalloc(void** data, size_t bytes) {
  if (health() != cudaSuccess) return health();
  const bool full = static_cast<size_t>(emulated("bytes")) + bytes > kEmulatedMemory;
  if (full || ordered("fail allocations")) return cudaErrorMemoryAllocation;
  *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (*data == nullptr) return cudaErrorMemoryAllocation;
  if (!is_dry()) std::memset(*data, 0xff, bytes);
  emulated("bytes") += static_cast<int64_t>(bytes);
  ++emulated("allocations");
  std::lock_guard<std::mutex> lock(emulation().mutex);
  emulation().blocks[static_cast<const char*>(*data)] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFree(void* data) {
  {
    std::lock_guard<std::mutex> lock(emulation().mutex);
    auto block = emulation().blocks.find(static_cast<const char*>(data));
    if (block == emulation().blocks.end()) return cudaErrorInvalidValue;
    emulation().numbers["bytes"] -= static_cast<int64_t>(block->second);
    emulation().blocks.erase(block);
  }
  std::free(data);
  return health();
}
cudaError_t cudaMallocHost(void** data, size_t bytes) {
  emulated("host bytes") += static_cast<int64_t>(bytes);
  return *data = std::malloc(bytes), *data == nullptr ? cudaErrorMemoryAllocation : health();
}
cudaError_t cudaFreeHost(void* data) {
  return std::free(data), health();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (ordered("fail allocations")) return cudaErrorMemoryAllocation;
  return *stream = new EmulatedStream, health();
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return delete stream, health();
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return stream->capturing ? broken() : health();
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return stream->capturing ? broken() : health();
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (health() != cudaSuccess) return health();
  if (kind != cudaMemcpyDeviceToHost && !is_device_memory(to, bytes)) return broken();
  if (kind != cudaMemcpyHostToDevice && !is_device_memory(from, bytes)) return broken();
  stream->run([=] { std::memmove(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* data, int byte, size_t bytes, cudaStream_t stream) {
  if (health() != cudaSuccess) return health();
  if (!is_device_memory(data, bytes)) return broken();
  if (!is_dry() || bytes <= 4096) stream->run([=] { std::memset(data, byte, bytes); });
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (ordered("fail allocations")) return cudaErrorMemoryAllocation;
  return *event = new EmulatedEvent, health();
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return delete event, health();
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (stream->capturing) return broken();
  event->recorded = std::chrono::steady_clock::now();
  event->done = event->recorded + std::chrono::milliseconds(emulated("milliseconds per event"));
  return health();
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (health() != cudaSuccess) return health();
  return std::chrono::steady_clock::now() < event->done ? cudaErrorNotReady : cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return std::this_thread::sleep_until(event->done), health();
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->recorded - start->recorded).count();
  return health();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->capturing || ordered("refuse to begin")) return cudaErrorInvalidValue;
  stream->captured.clear();
  stream->capturing = true;
  return health();
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  stream->capturing = false;
  *graph = nullptr;
  if (ordered("invalidate captures")) return cudaErrorStreamCaptureInvalidated;
  *graph = new EmulatedGraph(std::move(stream->captured));
  return health();
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned) {
  ++emulated("graphs made");
  return *executable = new EmulatedGraph(*graph), health();
}
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo*) {
  if (executable->size() != graph->size()) return cudaErrorGraphExecUpdateFailure;
  return *executable = *graph, health();
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  if (health() != cudaSuccess) return health();
  ++emulated("graph launches");
  for (const auto& work : *executable) work();
  return stream->failure.empty() ? cudaSuccess : broken();
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return delete graph, health();
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return delete executable, health();
}

}  // namespace

// For tests: sets a number that orders failures or delays (value ≥ 0), and returns what it was.
extern "C" __attribute__((visibility("default"))) int64_t landbridge_emulation(const char* number,
                                                                               int64_t value) {
  return value < 0 ? emulated(number).load() : emulated(number).exchange(value);
}
