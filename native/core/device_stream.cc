#include "device_stream.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace lb {
namespace {

// A point of the stream is announced when so much staging memory waits for it, at the latest.
constexpr uint64_t kAnnounce = Staging::kCapacity / 8;

}  // namespace

DeviceStream::DeviceStream(Device& device, Failures& failures)
    : device_(device),
      uploads_(device),
      downloads_(device),
      completer_(device, failures, reports_, uploads_, downloads_) {
  const lb_device_api& api = device.api;
  const bool made = device.ok(api.create_stream(&handle_)) && handle_ != nullptr &&
                    device.ok(api.allocate(&word_, sizeof(uint64_t))) && word_ != nullptr &&
                    device.ok(api.clear(handle_, word_, sizeof(uint64_t)));
  if (made) return;
  completer_.close();
  if (word_ != nullptr) api.release(word_);
  if (handle_ != nullptr) api.destroy_stream(handle_);
  throw std::runtime_error(device.is_broken() ? device.broken()->message
                                              : "out of memory: the device has none left for a stream");
}

DeviceStream::~DeviceStream() {
  close();
  take_marks();
  if (graph_ != nullptr) device_.api.destroy_graph(graph_);
  device_.api.release(word_);
  device_.api.destroy_stream(handle_);
}

bool DeviceStream::copy_in(void* to, const void* staged, size_t bytes, bool captured) {
  if (bytes == 0 || device_.is_broken()) return true;
  const char* error = device_.api.copy_in(handle_, to, staged, bytes);
  if (error != nullptr && captured) return false;
  device_.ok(error);
  return true;
}

void DeviceStream::uploaded(uint64_t position) {
  uploaded_ = std::max(uploaded_, position);
  if (uploaded_ - announced_ > kAnnounce) fence(nullptr, nullptr);
}

void DeviceStream::copy(void* to, const void* from, size_t bytes) {
  if (bytes > 0 && !device_.is_broken()) device_.ok(device_.api.copy(handle_, to, from, bytes));
}

lb_report DeviceStream::report(const char* op, const char* message) {
  reported_ = true;
  return {word_, reports_.code(op, message)};
}

// Where the stream is now. The report word is copied, and cleared for the kernels to come, only where one may
// have written it.
Completion DeviceStream::point(Completion::Kind kind) {
  Completion here;
  here.kind = kind;
  if (reported_ && !device_.is_broken()) {
    if (char* slot = downloads_.take(sizeof(uint64_t))) {
      *reinterpret_cast<uint64_t*>(slot) = 0;
      reported_ = !(device_.ok(device_.api.copy_out(handle_, slot, word_, sizeof(uint64_t))) &&
                    device_.ok(device_.api.clear(handle_, word_, sizeof(uint64_t))));
      here.word = reinterpret_cast<uint64_t*>(slot);
    }
  }
  here.event = device_.is_broken() ? nullptr : completer_.take_event();
  if (here.event != nullptr)
    device_.ok(device_.api.record(here.event, handle_));
  else
    synchronize();  // there is no memory for an event
  here.uploaded = announced_ = uploaded_;
  here.downloaded = downloads_.position();
  return here;
}

void DeviceStream::fence(Reached reached, void* context) {
  Completion here = point(Completion::Kind::fence);
  here.reached = reached;
  here.context = context;
  completer_.add(std::move(here));
}

// A launch that failed may have met an error that an earlier kernel left behind.
void DeviceStream::failed(const std::shared_ptr<Failure>& failure) {
  if (!device_.is_broken()) device_.ok(device_.api.poll(handle_));
  Completion here;
  here.kind = Completion::Kind::failed;
  here.failure = failure;
  completer_.add(std::move(here));
}

// Staging memory for the stream's thread, or the failure that there is none.
char* DeviceStream::stage(size_t bytes, std::shared_ptr<Failure>& failure) {
  char* const staged = downloads_.take(bytes);
  if (staged != nullptr) return staged;
  failure = std::make_shared<Failure>();
  failure->message = "out of memory: the host has no page-locked memory left for a read or a transfer";
  return nullptr;
}

// All parts but the last are announced here; the last becomes the read itself.
void DeviceStream::read_parts(const char* from, char* to, size_t bytes, Completion& last) {
  for (size_t at = 0; at < bytes && !device_.is_broken();) {
    const size_t part = std::min(bytes - at, Staging::kPart);
    char* const staged = stage(part, last.failure);
    if (staged == nullptr) return;
    device_.ok(device_.api.copy_out(handle_, staged, from + at, part));
    Completion here = point(Completion::Kind::part);
    here.staged = staged;
    here.to = to + at;
    here.bytes = part;
    at += part;
    if (at < bytes)
      completer_.add(std::move(here));
    else
      last = std::move(here);
  }
}

void DeviceStream::read(const void* from, Completion what, bool waits) {
  Completion last;
  const bool sound = what.failure == nullptr;
  if (sound) read_parts(static_cast<const char*>(from), static_cast<char*>(what.to), what.bytes, last);
  if (sound && last.to == nullptr && last.failure == nullptr) last = point(what.kind);
  last.kind = what.kind;
  if (!sound) last.failure = std::move(what.failure);
  last.reached = what.reached;
  last.context = what.context;
  const uint64_t number = completer_.add(std::move(last));
  if (waits) completer_.wait(number);
}

std::shared_ptr<Failure> DeviceStream::receive(void* to, const void* from, size_t bytes) {
  std::shared_ptr<Failure> failure;
  for (size_t at = 0; at < bytes && !device_.is_broken();) {
    const size_t part = std::min(bytes - at, Staging::kPart);
    char* const staged = stage(part, failure);
    if (staged == nullptr) return failure;
    std::memcpy(staged, static_cast<const char*>(from) + at, part);
    device_.ok(device_.api.copy_in(handle_, static_cast<char*>(to) + at, staged, part));
    completer_.add(point(Completion::Kind::fence));
    at += part;
  }
  return device_.broken();
}

void DeviceStream::synchronize() {
  if (!device_.is_broken()) device_.ok(device_.api.synchronize(handle_));
}

void DeviceStream::mark() {
  void* event = device_.is_broken() ? nullptr : completer_.take_event();
  if (event == nullptr) return;
  device_.ok(device_.api.record(event, handle_));
  marks_.push_back(event);
}

std::vector<float> DeviceStream::take_marks() {
  std::vector<float> between(marks_.empty() ? 0 : marks_.size() - 1);
  for (size_t i = 0; i < between.size(); ++i)
    device_.ok(device_.api.elapsed(marks_[i], marks_[i + 1], &between[i]));
  for (void* event : marks_) device_.api.destroy_event(event);
  marks_.clear();
  return between;
}

bool DeviceStream::begin_capture() {
  return !device_.is_broken() && device_.api.begin_capture(handle_) == nullptr;
}

bool DeviceStream::launch_capture() {
  return device_.api.end_capture(handle_, &graph_) == nullptr;
}

void DeviceStream::discard_capture() {
  device_.api.end_capture(handle_, nullptr);
}

void DeviceStream::cancel() {
  downloads_.close();
}

void DeviceStream::close() {
  completer_.close();
  synchronize();
}

}  // namespace lb
