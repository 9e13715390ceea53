// Devices whose memory and streams are behind the table of a library: CUDA, and its twin on the host for
// tests.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "device_api.h"
#include "landbridge/kernel.h"
#include "memory.h"

namespace lb {

// A device that was opened. Lives as long as the process.
class Device {
 public:
  // Null where no library has been opened for that number.
  static Device* of(int number);
  // Opens the library, its device, and registers its kernels. Throws std::runtime_error with one sentence.
  // Once more is fine.
  static Device& load(const std::string& path);

  const lb_device_api& api;
  const std::string description;

  // Whether `error` is none. One breaks the device: after an error of CUDA's own no call works any more in
  // this process, so nothing is tried again.
  bool ok(const char* error);
  bool is_broken() const { return is_broken_.load(std::memory_order_acquire); }
  std::shared_ptr<Failure> broken() const;  // null while it works

 private:
  Device(const lb_device_api& api, const char* description) : api(api), description(description) {}

  std::atomic<bool> is_broken_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<Failure> broken_;
};

}  // namespace lb
