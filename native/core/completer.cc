#include "completer.h"

#include <cstring>
#include <utility>

#include "spin.h"

namespace lb {

Completer::Completer(Device& device, Failures& failures, const Reports& reports, Staging& uploads,
                     Staging& downloads)
    : device_(device),
      failures_(failures),
      reports_(reports),
      uploads_(uploads),
      downloads_(downloads),
      thread_([this] { loop(); }) {}

Completer::~Completer() {
  close();
  for (const Completion& dropped : queue_) {
    if (dropped.event != nullptr) device_.api.destroy_event(dropped.event);
  }
  for (void* event : events_) device_.api.destroy_event(event);
}

void* Completer::take_event() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!events_.empty()) {
      void* event = events_.back();
      events_.pop_back();
      return event;
    }
  }
  void* event = nullptr;
  return device_.ok(device_.api.create_event(&event)) ? event : nullptr;
}

uint64_t Completer::add(Completion completion) {
  std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(std::move(completion));
  work_.notify_one();
  return added_ += 1;
}

void Completer::wait(uint64_t number) {
  const auto done = [&] { return done_.load() >= number || closing_.load(); };
  if (spin_until(done)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  progress_.wait(lock, done);
}

void Completer::close() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    work_.notify_all();
    progress_.notify_all();
  }
  thread_.join();
}

bool Completer::next(Completion& completion) {
  spin_until([&] { return added_.load() > done_.load() || closing_.load(); });
  std::unique_lock<std::mutex> lock(mutex_);
  work_.wait(lock, [&] { return !queue_.empty() || closing_.load(); });
  if (closing_.load()) return false;
  completion = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void Completer::loop() {
  Completion completion;
  while (next(completion)) {
    finish(completion);
    std::lock_guard<std::mutex> lock(mutex_);
    if (completion.event != nullptr) events_.push_back(completion.event);
    done_ += 1;
    progress_.notify_all();
  }
}

void Completer::finish(Completion& completion) {
  if (completion.event != nullptr) device_.ok(device_.api.wait(completion.event));
  if (completion.word != nullptr && *completion.word != 0 && !device_.is_broken())
    failures_.add(reports_.failure(*completion.word));
  deliver(completion);
  uploads_.give_back(completion.uploaded);
  downloads_.give_back(completion.downloaded);
}

// A read of a sound value reports, once, what failed before it and was never read. A fence has no value to
// refuse: what broke the device is told by whoever looks for failures after it.
void Completer::deliver(Completion& completion) {
  const bool reads = completion.kind == Completion::Kind::read || completion.kind == Completion::Kind::part ||
                     completion.kind == Completion::Kind::send;
  if (reads && completion.failure == nullptr) completion.failure = device_.broken();
  if (completion.kind == Completion::Kind::failed) failures_.add(completion.failure);
  if (completion.kind == Completion::Kind::fence && device_.is_broken()) failures_.add(device_.broken());
  if (reads && completion.failure == nullptr && completion.bytes > 0)
    std::memcpy(completion.to, completion.staged, completion.bytes);
  if (completion.kind == Completion::Kind::read) {
    if (completion.failure != nullptr)
      failures_.delivered(completion.failure);
    else
      completion.failure = failures_.take();
  }
  if (completion.reached != nullptr && !closing_.load())
    completion.reached(completion.context, completion.failure);
}

}  // namespace lb
