#include "registry.h"

#include <dlfcn.h>

#include <mutex>
#include <stdexcept>

#include "gemm.h"
#include "isa.h"
#include "stream.h"

extern "C" {
extern __attribute__((visibility("hidden")))
const lb_kernel_record* __start_lb_kernels[] LB_SECTION_SYMBOL("start");
extern __attribute__((visibility("hidden")))
const lb_kernel_record* __stop_lb_kernels[] LB_SECTION_SYMBOL("end");
}

namespace lb {
namespace {

// Heap-allocated and never destroyed, as everything that a stream thread may touch at exit.
struct Registry {
  std::mutex mutex;
  std::vector<const lb_kernel_record*> records;
  Registry() { add(__start_lb_kernels, __stop_lb_kernels); }
  void add(const lb_kernel_record* const* begin, const lb_kernel_record* const* end) {
    for (auto at = begin; at != end; ++at) {
      if (*at != nullptr && (*at)->isa <= chosen_isa()) records.push_back(*at);
    }
  }
};

Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

bool better(const lb_kernel_record* a, const lb_kernel_record* b) {
  if (b == nullptr) return true;
  const bool exact_a = a->dtype != LB_DTYPE_any, exact_b = b->dtype != LB_DTYPE_any;
  return exact_a != exact_b ? exact_a : a->isa > b->isa;
}

void check_library(const lb_library* library, const std::string& path) {
  if (library == nullptr) throw std::runtime_error("loadKernels: " + path + " returned no kernels");
  if (library->abi_major != LANDBRIDGE_ABI_MAJOR) {
    throw std::runtime_error("loadKernels: expected kernels built for ABI version " +
                             std::to_string(LANDBRIDGE_ABI_MAJOR) + ", received version " +
                             std::to_string(library->abi_major) + " from " + path +
                             "; rebuild it against this landbridge's header");
  }
  for (auto at = library->begin; at != library->end; ++at) {
    const lb_kernel_record* record = *at;
    const bool sound = record != nullptr && record->size >= sizeof(lb_kernel_record) &&
                       record->name != nullptr && record->run != nullptr && record->device >= LB_DEVICE_cpu &&
                       record->device <= LB_DEVICE_cuda_emulated && record->dtype >= LB_DTYPE_any &&
                       record->dtype <= LB_DTYPE_float16 && record->isa >= LB_ISA_baseline &&
                       record->isa <= LB_ISA_avx512;
    if (!sound) throw std::runtime_error("loadKernels: " + path + " has a damaged record");
  }
}

}  // namespace

const lb_kernel_record* find_kernel(const char* name, int device, int dtype) {
  const std::string wanted = name;
  std::lock_guard<std::mutex> lock(registry().mutex);
  const lb_kernel_record* best = nullptr;
  for (const lb_kernel_record* record : registry().records) {
    const bool fits = record->device == device && (record->dtype == dtype || record->dtype == LB_DTYPE_any);
    if (fits && wanted == record->name && better(record, best)) best = record;
  }
  return best;
}

std::vector<const lb_kernel_record*> all_kernels() {
  std::lock_guard<std::mutex> lock(registry().mutex);
  return registry().records;
}

std::vector<const lb_kernel_record*> load_library(const std::string& path) {
  // Never closed: a queued job or another environment may still run its kernels.
  void* library_handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_handle == nullptr)
    throw std::runtime_error(std::string("loadKernels: cannot open the library: ") + dlerror());
  using Entry = const lb_library* (*)(const lb_host*);
  const auto entry = reinterpret_cast<Entry>(dlsym(library_handle, "landbridge_library"));
  if (entry == nullptr) {
    throw std::runtime_error("loadKernels: expected a library that exports landbridge_library (include " +
                             std::string("landbridge/kernel.h), received ") + path);
  }
  const lb_library* library = entry(&host_table());
  check_library(library, path);
  std::vector<const lb_kernel_record*> added(library->begin, library->end);
  Registry& r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  for (const lb_kernel_record* record : added) {
    for (const lb_kernel_record* other : r.records) {
      if (other == record) return added;  // the same library once more
      if (record->device == other->device && record->dtype == other->dtype &&
          std::string(record->name) == other->name) {
        throw std::runtime_error("loadKernels: expected new kernel names, received " +
                                 std::string(record->name) + ", which exists already for " +
                                 device_name(record->device) + " " + dtype_name(record->dtype));
      }
    }
  }
  r.add(library->begin, library->end);
  return added;
}

const lb_host& host_table() {
  static const lb_host table = {sizeof(lb_host),   LANDBRIDGE_ABI_MAJOR, LANDBRIDGE_ABI_MINOR,
                                host_parallel_for, host_workspace,       host_gemm,
                                host_fail,         host_report};
  return table;
}

const char* dtype_name(int dtype) {
  constexpr const char* kNames[] = {"float32", "int32", "uint8",    "bool",
                                    "float64", "int64", "bfloat16", "float16"};
  return dtype < 0 ? "any" : kNames[dtype];
}

const char* device_name(int device) {
  constexpr const char* kNames[] = {"cpu", "cuda", "cuda-emulated"};
  return kNames[device];
}

size_t dtype_size(int dtype) {
  constexpr size_t kSizes[] = {4, 4, 1, 1, 8, 8, 2, 2};
  return kSizes[dtype];
}

}  // namespace lb
