// The failures of a stream that nobody has read yet, oldest first.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "memory.h"

namespace lb {

class Failures {
 public:
  void add(const std::shared_ptr<Failure>& failure) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (unread_.size() < kMost && std::find(unread_.begin(), unread_.end(), failure) == unread_.end())
      unread_.push_back(failure);
  }

  // The oldest; null when there is none. One report for all that failed up to here: each poisoned value still
  // tells its own.
  std::shared_ptr<Failure> take() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (unread_.empty()) return nullptr;
    const std::shared_ptr<Failure> oldest = unread_.front();
    unread_.clear();
    return oldest;
  }

  // Somebody heard of it.
  void delivered(const std::shared_ptr<Failure>& failure) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::erase(unread_, failure);
  }

 private:
  static constexpr size_t kMost = 64;  // a loop that never looks must not collect them for ever
  std::mutex mutex_;
  std::vector<std::shared_ptr<Failure>> unread_;
};

}  // namespace lb
