// What a stream does differently on a device: values pass through staging memory, reads and fences are
// awaited by a thread of their own, and jobs can be collected into a graph.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "stream.h"

namespace lb {

// Staging memory for the issuing thread. When there is none left, a fence announces what can be given back,
// even where a capture holds it.
char* Stream::stage(size_t bytes) {
  Staging& uploads = device_->uploads();
  if (char* part = uploads.try_take(bytes)) return part;
  if (!uploads.is_there()) {
    const std::shared_ptr<Failure> broken = device_->device().broken();
    throw std::runtime_error(
        broken != nullptr
            ? broken->message
            : "out of memory: the host has no page-locked memory left for transfers to a device");
  }
  Job& job = next_job();
  job.kind = Job::Kind::fence;
  job.reached = nullptr;
  submit();
  return uploads.take(bytes);
}

void Stream::write(Block* block, const void* data, size_t bytes) {
  size_t at = 0;
  do {
    const size_t part = std::min(bytes - at, Staging::kPart);
    char* staged = stage(part);
    if (part > 0) std::memcpy(staged, static_cast<const char*>(data) + at, part);
    Job& job = next_job();
    job.kind = Job::Kind::write;
    job.block = block;
    job.offset = at;
    job.host_data = staged;
    job.staged = device_->uploads().position();
    job.bytes = part;
    submit();
    at += part;
  } while (at < bytes);
}

void Stream::copy_in(Job& job) {
  char* const to = static_cast<char*>(job.block->data) + job.offset;
  if (!device_->copy_in(to, job.host_data, job.bytes, capturing_)) {
    refused_ = true;
    end_capture();
    device_->copy_in(to, job.host_data, job.bytes, false);
  }
  job.block->failure = device_->device().broken();
  if (capturing_) return keep(job);
  device_->uploaded(job.staged);
}

void Stream::read_device(Job& job) {
  end_capture();
  Completion read;
  read.kind = job.kind == Job::Kind::send ? Completion::Kind::send : Completion::Kind::read;
  read.failure = job.block->failure;
  read.to = job.host_data;
  read.bytes = job.bytes;
  read.reached = job.reached;
  read.context = job.context;
  device_->read(job.block->data, std::move(read), job.waits);
}

void Stream::fence_device(Job& job) {
  end_capture();
  device_->fence(job.reached, job.context);
}

void Stream::drain() {
  if (device_ == nullptr) return wait(issued());
  std::unique_lock<std::mutex> lock(mutex_);
  drain_wanted_ = true;
  work_.notify_one();
  progress_.wait(lock, [&] { return !drain_wanted_.load() || closing_.load(); });
}

std::vector<float> Stream::take_marks() {
  drain();
  return device_->take_marks();
}

// Everything issued has been executed, and the one who issues waits: no job refers to a free block.
void Stream::finish_drain() {
  end_capture();
  free_caches();
  std::lock_guard<std::mutex> lock(mutex_);
  drain_wanted_ = false;
  progress_.notify_all();
}

// The blocks that only completed jobs used go to the process's pool, whose free blocks the device gets back
// when more is needed.
void Stream::free_caches() {
  device_->synchronize();
  scratch_.flush(UINT64_MAX);
  cache_.flush(again_ ? settled_ : completed_.load());
}

void Stream::begin_capture() {
  end_capture();
  refused_ = false;
  settled_ = completed_.load();
  capturing_ = device_ != nullptr && device_->begin_capture();
}

// Launches what was captured. False when it cannot run: then the jobs that were kept run one by one instead.
bool Stream::end_capture() {
  if (!capturing_) return true;
  capturing_ = false;
  if (refused_) device_->discard_capture();
  const bool launched = !refused_ && device_->launch_capture();
  const size_t count = std::exchange(kept_count_, 0);
  again_ = !launched;
  for (size_t i = 0; i < count; ++i) {
    if (!launched)
      execute(kept_[i]);
    else if (kept_[i].kind == Job::Kind::write)
      device_->uploaded(kept_[i].staged);
  }
  again_ = false;
  return launched;
}

// A copy: the one who issued the job may still be reading it. Into memory that an earlier one left behind.
void Stream::keep(const Job& job) {
  if (kept_count_ == kept_.size()) kept_.emplace_back();
  kept_[kept_count_++] = job;
}

}  // namespace lb
