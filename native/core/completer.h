// The thread that waits for a device, so that the stream's thread can go on issuing work to it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "device.h"
#include "failures.h"
#include "reports.h"
#include "staging.h"

namespace lb {

// Told when the stream has reached a point; `failure` is null, or why the value that was read does not exist.
// Not called for jobs that were dropped by close().
using Reached = void (*)(void* context, const std::shared_ptr<Failure>& failure);

// What is to be done once the device has come to a point of its stream. `send` is a read for another stream.
struct Completion {
  enum class Kind { failed, part, read, send, fence } kind = Kind::fence;
  void* event = nullptr;                  // to wait for; null: nothing on the device is awaited
  uint64_t uploaded = 0, downloaded = 0;  // what of the staging memory is free then
  const char* staged = nullptr;           // a read's bytes …
  void* to = nullptr;                     // … and where they go
  size_t bytes = 0;
  const uint64_t* word = nullptr;    // a copy of the stream's report word
  std::shared_ptr<Failure> failure;  // failed: which; read: why there is no value
  Reached reached = nullptr;
  void* context = nullptr;
};

class Completer {
 public:
  Completer(Device& device, Failures& failures, const Reports& reports, Staging& uploads, Staging& downloads);
  ~Completer();  // after close()

  // The rest is for the stream's thread. Everything happens in the order of these calls: that is how a read
  // hears of the failures before it, and of no later one.
  void* take_event();                   // null when the device is broken, or has no memory for one
  uint64_t add(Completion completion);  // its number
  void wait(uint64_t number);
  void close();  // drops what waits, and joins the thread

 private:
  void loop();
  bool next(Completion& completion);
  void finish(Completion& completion);
  void deliver(Completion& completion);

  Device& device_;
  Failures& failures_;
  const Reports& reports_;
  Staging &uploads_, &downloads_;
  std::mutex mutex_;
  std::condition_variable work_, progress_;
  std::deque<Completion> queue_;
  std::vector<void*> events_;  // at rest
  std::atomic<uint64_t> added_{0}, done_{0};
  std::atomic<bool> closing_{false};
  std::thread thread_;
};

}  // namespace lb
