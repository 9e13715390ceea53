// Page-locked memory of the host, through which values pass to and from a device.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "device.h"

namespace lb {

// A ring: one thread takes parts of it, and another gives them back in the same order.
class Staging {
 public:
  static constexpr size_t kPart = size_t{4} << 20;  // the most that one part holds
  static constexpr size_t kCapacity = 4 * kPart;

  explicit Staging(Device& device) : device_(device) {}
  ~Staging();

  // `bytes` at most kPart. Null when so much is not free now, or when the memory does not exist at all
  // (is_there).
  char* try_take(size_t bytes);
  // Waits until it is free; null after close(), or when the memory does not exist.
  char* take(size_t bytes);
  bool is_there();  // allocates it at the first call
  // What has been taken so far is given back, once it is of no more use, up to this position.
  uint64_t position() const { return taken_; }
  void give_back(uint64_t position);
  void close();  // nobody waits any more

 private:
  char* place(size_t bytes);

  Device& device_;
  char* memory_ = nullptr;
  uint64_t taken_ = 0;  // positions count bytes since the beginning; touched by the thread that takes
  uint64_t free_up_to_ = 0;
  bool closed_ = false;
  std::mutex mutex_;
  std::condition_variable room_;
};

}  // namespace lb
