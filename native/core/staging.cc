#include "staging.h"

namespace lb {

Staging::~Staging() {
  if (memory_ != nullptr) device_.api.release_host(memory_);
}

bool Staging::is_there() {
  if (memory_ != nullptr) return true;
  void* memory = nullptr;
  device_.ok(device_.api.allocate_host(&memory, kCapacity));
  memory_ = static_cast<char*>(memory);
  return memory_ != nullptr;
}

// A part never wraps around: what is left at the ring's end is skipped.
char* Staging::place(size_t bytes) {
  const uint64_t size = (bytes + 63) / 64 * 64, offset = taken_ % kCapacity;
  const uint64_t start = offset + size > kCapacity ? taken_ + kCapacity - offset : taken_;
  if (start + size - free_up_to_ > kCapacity) return nullptr;
  taken_ = start + size;
  return memory_ + start % kCapacity;
}

char* Staging::try_take(size_t bytes) {
  if (!is_there()) return nullptr;
  std::lock_guard<std::mutex> lock(mutex_);
  return place(bytes);
}

char* Staging::take(size_t bytes) {
  if (!is_there()) return nullptr;
  std::unique_lock<std::mutex> lock(mutex_);
  char* part = nullptr;
  room_.wait(lock, [&] { return closed_ || (part = place(bytes)) != nullptr; });
  return part;
}

void Staging::give_back(uint64_t position) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (position <= free_up_to_) return;
  free_up_to_ = position;
  room_.notify_all();
}

void Staging::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  room_.notify_all();
}

}  // namespace lb
