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

  // The oldest of those that a kernel reported; null when there is none. The others stay.
  std::shared_ptr<Failure> take_report() {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = std::find_if(unread_.begin(), unread_.end(),
                                    [](const std::shared_ptr<Failure>& each) { return !each->poisons; });
    if (found == unread_.end()) return nullptr;
    const std::shared_ptr<Failure> report = *found;
    unread_.erase(found);
    return report;
  }

  // Somebody heard of it. Whether nobody had.
  bool delivered(const std::shared_ptr<Failure>& failure) {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::erase(unread_, failure) > 0;
  }

 private:
  static constexpr size_t kMost = 64;  // a loop that never looks must not collect them for ever
  std::mutex mutex_;
  std::vector<std::shared_ptr<Failure>> unread_;
};

}  // namespace lb
