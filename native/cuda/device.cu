// The table by which the host reaches the device (native/core/device_api.h), over the CUDA runtime. Compiled
// for the host as well, over an emulation of those few functions.
#include <chrono>
#include <cstdio>
#include <cstring>

#include "device_api.h"
#include "gpu.h"
#include "landbridge/kernel.h"

#ifdef LANDBRIDGE_CUDA_EMULATED
  #include "cuda_runtime_emulation.h"
#else
  #include <cuda_runtime.h>
#endif

namespace {

constexpr int kLeastCapability = 80;       // Ampere
constexpr size_t kLeastShared = 99 << 10;  // of 8.6, 8.9 and 12.0
size_t shared = 0;                         // of a block of the device that is open

cudaStream_t stream_of(void* stream) {
  return static_cast<cudaStream_t>(stream);
}
cudaEvent_t event_of(void* event) {
  return static_cast<cudaEvent_t>(event);
}

// Also forgets the error, where it is one that passes: the next call must not tell it again.
const char* sentence(cudaError_t error) {
  if (error == cudaSuccess) return nullptr;
  cudaGetLastError();
  return cudaGetErrorString(error);
}

__global__ void probe_kernel() {}

// Whether this library has code that the device can run: an error otherwise.
cudaError_t probe() {
  cudaFuncAttributes attributes;
  return cudaFuncGetAttributes(&attributes, probe_kernel);
}

// Versions are 1000 · major + 10 · minor.
const char* old_driver(int driver, int runtime) {
  static char text[128];
  std::snprintf(text, sizeof text, "the driver is for CUDA %d.%d, older than CUDA %d.%d: update it",
                driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
  return text;
}

const char* find_device() {
  int driver = 0, runtime = 0, count = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    cudaGetLastError();
    return "no NVIDIA driver is installed";
  }
  cudaRuntimeGetVersion(&runtime);
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver) return sentence(error), old_driver(driver, runtime);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0))
    return sentence(error), "no NVIDIA GPU is there";
  return sentence(error);
}

const char* check_device(const cudaDeviceProp& device) {
  static char text[512];
  const int capability = 10 * device.major + device.minor;
  const bool roomy = device.sharedMemPerBlockOptin >= kLeastShared;
  const cudaError_t error = capability >= kLeastCapability ? probe() : cudaSuccess;
  if (capability >= kLeastCapability && error == cudaSuccess && roomy) return nullptr;
  if (capability >= kLeastCapability && error == cudaSuccess) {
    std::snprintf(text, sizeof text,
                  "the GPU %s has %zu KiB of shared memory for a block, and landbridge needs %zu",
                  device.name, device.sharedMemPerBlockOptin >> 10, kLeastShared >> 10);
  } else if (capability < kLeastCapability) {
    std::snprintf(text, sizeof text,
                  "the GPU %s has compute capability %d.%d, and landbridge needs at least 8.0", device.name,
                  device.major, device.minor);
  } else if (error == cudaErrorNoKernelImageForDevice) {
    sentence(error);
    std::snprintf(text, sizeof text, "this build has no code for the GPU %s (sm_%d)", device.name,
                  capability);
  } else {
    std::snprintf(text, sizeof text, "the GPU %s cannot be used: %s", device.name, sentence(error));
  }
  return text;
}

// The number by which people know the driver, such as 580.95.05; empty where the system does not tell.
void read_driver_version(char (&version)[64]) {
  version[0] = '\0';
  std::FILE* file = std::fopen("/sys/module/nvidia/version", "r");
  if (file == nullptr) return;
  if (std::fscanf(file, "%63s", version) != 1) version[0] = '\0';
  std::fclose(file);
}

const char* describe(const cudaDeviceProp& device) {
  static char text[512];
  char driver[64];
  read_driver_version(driver);
  std::snprintf(text, sizeof text, "%s, %.1f GiB, sm_%d%s%s", device.name,
                static_cast<double>(device.totalGlobalMem) / (1 << 30), 10 * device.major + device.minor,
                driver[0] == '\0' ? "" : ", driver ", driver);
  return text;
}

const char* open_device(const char** description) {
  if (const char* missing = find_device()) return missing;
  cudaDeviceProp device;
  if (const cudaError_t error = cudaGetDeviceProperties(&device, 0)) return sentence(error);
  if (const char* unfit = check_device(device)) return unfit;
  shared = device.sharedMemPerBlockOptin;
  *description = describe(device);
  return nullptr;
}

// Memory that is out is no error: the host frees what it keeps, and asks again.
template <class Allocate>
const char* allocate_by(void** data, const Allocate& allocate) {
  *data = nullptr;
  const cudaError_t error = allocate();
  if (error != cudaErrorMemoryAllocation) return sentence(error);
  sentence(error);
  *data = nullptr;
  return nullptr;
}

const char* copy(void* stream, void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return sentence(cudaMemcpyAsync(to, from, bytes, kind, stream_of(stream)));
}

const char* poll(void* stream) {
  const cudaError_t error = cudaStreamQuery(stream_of(stream));
  return error == cudaErrorNotReady ? (cudaGetLastError(), nullptr) : sentence(error);
}

// Most waits are short: looking is quicker than being woken. Long ones must not burn a core.
const char* wait(void* event) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
  do {
    const cudaError_t error = cudaEventQuery(event_of(event));
    if (error != cudaErrorNotReady) return sentence(error);
    cudaGetLastError();
  } while (std::chrono::steady_clock::now() < until);
  return sentence(cudaEventSynchronize(event_of(event)));
}

// The graph of the last launch takes the new one's parameters where both have the same form: much quicker
// than making another. Otherwise it is replaced, once its last launch is over.
cudaError_t adopt(cudaStream_t stream, cudaGraph_t graph, cudaGraphExec_t* executable) {
  if (*executable != nullptr) {
    cudaGraphExecUpdateResultInfo result;
    if (cudaGraphExecUpdate(*executable, graph, &result) == cudaSuccess) return cudaSuccess;
    cudaGetLastError();
    cudaStreamSynchronize(stream);
    cudaGraphExecDestroy(*executable);
    *executable = nullptr;
  }
  const cudaError_t error = cudaGraphInstantiate(executable, graph, 0);
  if (error != cudaSuccess) *executable = nullptr;
  return error;
}

const char* end_capture(void* stream, void** executable) {
  cudaGraph_t graph = nullptr;
  cudaError_t error = cudaStreamEndCapture(stream_of(stream), &graph);
  if (error == cudaSuccess && executable != nullptr) {
    auto* adopted = reinterpret_cast<cudaGraphExec_t*>(executable);
    error = adopt(stream_of(stream), graph, adopted);
    if (error == cudaSuccess) error = cudaGraphLaunch(*adopted, stream_of(stream));
  }
  if (graph != nullptr) cudaGraphDestroy(graph);
  return sentence(error);
}

constexpr lb_device_api kApi = {
    sizeof(lb_device_api),
    LB_DEVICE_API_VERSION,
    LB_TARGET_cuda,
    open_device,
    [](size_t* free, size_t* total) { return sentence(cudaMemGetInfo(free, total)); },
    [](void** data, size_t bytes) { return allocate_by(data, [&] { return cudaMalloc(data, bytes); }); },
    [](void* data) { return sentence(cudaFree(data)); },
    [](void** data, size_t bytes) { return allocate_by(data, [&] { return cudaMallocHost(data, bytes); }); },
    [](void* data) { return sentence(cudaFreeHost(data)); },
    [](void** stream) {
      auto* made = reinterpret_cast<cudaStream_t*>(stream);
      return allocate_by(stream, [=] { return cudaStreamCreateWithFlags(made, cudaStreamNonBlocking); });
    },
    [](void* stream) { return sentence(cudaStreamDestroy(stream_of(stream))); },
    [](void* stream, void* to, const void* from, size_t bytes) {
      return copy(stream, to, from, bytes, cudaMemcpyHostToDevice);
    },
    [](void* stream, void* to, const void* from, size_t bytes) {
      return copy(stream, to, from, bytes, cudaMemcpyDeviceToHost);
    },
    [](void* stream, void* to, const void* from, size_t bytes) {
      return copy(stream, to, from, bytes, cudaMemcpyDeviceToDevice);
    },
    [](void* stream, void* data, size_t bytes) {
      return sentence(cudaMemsetAsync(data, 0, bytes, stream_of(stream)));
    },
    poll,
    [](void* stream) { return sentence(cudaStreamSynchronize(stream_of(stream))); },
    [](void** event) {
      auto* made = reinterpret_cast<cudaEvent_t*>(event);
      return allocate_by(event, [=] { return cudaEventCreateWithFlags(made, cudaEventBlockingSync); });
    },
    [](void* event) { return sentence(cudaEventDestroy(event_of(event))); },
    [](void* event, void* stream) { return sentence(cudaEventRecord(event_of(event), stream_of(stream))); },
    wait,
    [](void* start, void* end, float* milliseconds) {
      return sentence(cudaEventElapsedTime(milliseconds, event_of(start), event_of(end)));
    },
    // Relaxed: memory may be allocated meanwhile, and other threads are left alone.
    [](void* stream) {
      return sentence(cudaStreamBeginCapture(stream_of(stream), cudaStreamCaptureModeRelaxed));
    },
    end_capture,
    [](void* graph) { return sentence(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph))); },
};

}  // namespace

size_t landbridge::cuda::shared_of_block() {
  return shared;
}

extern "C" __attribute__((visibility("default"))) const lb_device_api* landbridge_device() {
  return &kApi;
}
