#include "device.h"

#include <dlfcn.h>

#include <stdexcept>

#include "registry.h"

namespace lb {
namespace {

constexpr int kDeviceNumbers = LB_DEVICE_cuda_emulated + 1;
std::atomic<Device*> opened[kDeviceNumbers];

const lb_device_api& api_of(const std::string& path) {
  // Never closed, as libraries of kernels.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(std::string("the library cannot be opened: ") + dlerror());
  using Entry = const lb_device_api* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "landbridge_device"));
  const lb_device_api* api = entry == nullptr ? nullptr : entry();
  if (api == nullptr) throw std::runtime_error(path + " is no library of a landbridge device");
  const bool fits = api->version == LB_DEVICE_API_VERSION && api->size >= sizeof(lb_device_api) &&
                    api->device > LB_DEVICE_cpu && api->device < kDeviceNumbers;
  if (!fits)
    throw std::runtime_error(path + " was built for another version of landbridge: build both together");
  return *api;
}

}  // namespace

Device* Device::of(int number) {
  return number > LB_DEVICE_cpu && number < kDeviceNumbers ? opened[number].load(std::memory_order_acquire)
                                                           : nullptr;
}

Device& Device::load(const std::string& path) {
  static std::mutex* const mutex = new std::mutex;
  std::lock_guard<std::mutex> lock(*mutex);
  const lb_device_api& api = api_of(path);
  if (Device* device = of(api.device)) {
    if (&device->api != &api)
      throw std::runtime_error(std::string("another library serves ") + device_name(api.device) + " already");
    return *device;
  }
  const char* description = "";
  if (const char* error = api.open(&description)) throw std::runtime_error(error);
  load_library(path);
  auto* device = new Device(api, description);
  opened[api.device].store(device, std::memory_order_release);
  return *device;
}

bool Device::ok(const char* error) {
  if (error == nullptr) return true;
  std::lock_guard<std::mutex> lock(mutex_);
  if (broken_ == nullptr) {
    broken_ = std::make_shared<Failure>();
    broken_->message =
        std::string(device_name(api.device)) + ": " + error + "; this process cannot use the device any more";
    is_broken_.store(true, std::memory_order_release);
  }
  return false;
}

std::shared_ptr<Failure> Device::broken() const {
  if (!is_broken()) return nullptr;
  std::lock_guard<std::mutex> lock(mutex_);
  return broken_;
}

}  // namespace lb
