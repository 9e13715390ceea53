#include "stream.h"

#include <chrono>
#include <cstring>

#include "isa.h"
#include "parallel.h"
#include "registry.h"

namespace lb {
namespace {

// Long enough to bridge the gap between two calls from JavaScript, short enough not to burn an idle core.
constexpr auto kSpin = std::chrono::microseconds(20);

// What lb_call::state points to while a kernel runs.
struct Running {
  Stream* stream;
  const char* op;
  std::mutex mutex;
  std::shared_ptr<Failure> failure;
};

Running& running(lb_call* call) {
  return *static_cast<Running*>(call->state);
}

}  // namespace

Stream::Stream() : thread_([this] { loop(); }) {}

Stream::~Stream() {
  close();
  scratch_.flush(UINT64_MAX);
}

Job& Stream::next_job() {
  const uint64_t next = issued_.load(std::memory_order_relaxed);
  auto full = [&] {
    const uint64_t waiting = next - completed_.load();
    return waiting >= kJobs || (waiting > 0 && queued_bytes_.load() > kBytes);
  };
  if (full()) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++producers_wait_;
    progress_.wait(lock, [&] { return !full() || closing_.load(); });
    --producers_wait_;
  }
  Job& job = ring_[next % kJobs];
  job.inputs.clear();
  job.outputs.clear();
  job.input_blocks.clear();
  job.output_blocks.clear();
  job.in_place.clear();
  job.params.clear();
  job.bytes = 0;
  job.reached = nullptr;
  return job;
}

uint64_t Stream::submit() {
  const uint64_t next = issued_.load(std::memory_order_relaxed);
  queued_bytes_ += ring_[next % kJobs].bytes;
  issued_.store(next + 1);  // sequentially consistent: ordered with the consumer's "I am going to sleep"
  if (consumer_sleeps_.load()) {
    std::lock_guard<std::mutex> lock(mutex_);
    work_.notify_one();
  }
  return next + 1;
}

void Stream::wait(uint64_t job) {
  const auto until = std::chrono::steady_clock::now() + kSpin;
  while (completed() < job && std::chrono::steady_clock::now() < until) {
  }
  if (completed() >= job) return;
  std::unique_lock<std::mutex> lock(mutex_);
  ++producers_wait_;
  progress_.wait(lock, [&] { return completed_.load() >= job || closing_.load(); });
  --producers_wait_;
}

void Stream::close() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    work_.notify_all();
    progress_.notify_all();
  }
  thread_.join();
  completed_.store(issued_.load());
}

bool Stream::wait_for_job(uint64_t job) {
  const auto until = std::chrono::steady_clock::now() + kSpin;
  while (issued_.load() <= job && !closing_.load()) {
    if (std::chrono::steady_clock::now() < until) continue;
    std::unique_lock<std::mutex> lock(mutex_);
    consumer_sleeps_ = true;
    work_.wait(lock, [&] { return issued_.load() > job || closing_.load(); });
    consumer_sleeps_ = false;
  }
  return !closing_.load();
}

void Stream::loop() {
  for (uint64_t at = 0; wait_for_job(at); ++at) {
    Job& job = ring_[at % kJobs];
    execute(job);
    queued_bytes_ -= job.bytes;
    completed_.store(at + 1);
    if (producers_wait_.load() > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      progress_.notify_all();
    }
  }
}

void Stream::execute(Job& job) {
  switch (job.kind) {
    case Job::Kind::run:
      return run(job);
    case Job::Kind::read:
      return read(job);
    case Job::Kind::fence:
      job.reached(job.context, nullptr);
  }
}

void Stream::run(Job& job) {
  for (Block* block : job.input_blocks) {
    if (block != nullptr && block->failure != nullptr)
      return poison(job, std::shared_ptr<Failure>(block->failure));
  }
  Running state{this, job.op, {}, nullptr};
  lb_call call{sizeof(lb_call),
               chosen_isa(),
               static_cast<int32_t>(job.inputs.size()),
               static_cast<int32_t>(job.outputs.size()),
               static_cast<int32_t>(job.params.size()),
               job.inputs.data(),
               job.outputs.data(),
               job.params.data(),
               &host_table(),
               nullptr,
               &state};
  job.kernel->run(&call);
  for (Block* block : scratch_used_) scratch_.give(block, 0, UINT64_MAX);
  scratch_used_.clear();
  if (state.failure != nullptr) {
    {
      std::lock_guard<std::mutex> lock(failure_mutex_);
      if (failures_.size() < kFailures) failures_.push_back(state.failure);
    }
    return poison(job, state.failure);
  }
  for (Block* block : job.output_blocks) {
    if (block != nullptr && block->failure != nullptr) block->failure.reset();
  }
}

// In-place targets stay as they were: one that was given a fresh block receives the old value.
void Stream::poison(Job& job, const std::shared_ptr<Failure>& failure) {
  for (size_t i = 0; i < job.output_blocks.size(); ++i) {
    Block* block = job.output_blocks[i];
    if (block == nullptr) continue;
    if (job.in_place[i] < 0) {
      block->failure = failure;
      continue;
    }
    Block* old = job.input_blocks[job.in_place[i]];
    if (old == block) continue;
    const lb_view& view = job.outputs[i];
    const size_t bytes = static_cast<size_t>(view.count) * dtype_size(view.dtype);
    if (bytes > 0) std::memcpy(block->data, old->data, bytes);
    block->failure = old->failure;
  }
}

// A read of a sound value reports, once, what failed before it and was never read: decided here, in stream
// order, so that it depends on the program and not on timing.
void Stream::read(Job& job) {
  Block* block = job.input_blocks[0];
  std::shared_ptr<Failure> failure = block->failure;
  if (failure != nullptr) {
    mark_delivered(failure);
  } else {
    if (job.bytes > 0) std::memcpy(job.host_data, block->data, job.bytes);
    failure = take_failure();
  }
  job.reached(job.context, failure);
}

// One report for all that failed up to here; each poisoned value still tells its own.
std::shared_ptr<Failure> Stream::take_failure() {
  std::lock_guard<std::mutex> lock(failure_mutex_);
  if (failures_.empty()) return nullptr;
  const std::shared_ptr<Failure> oldest = failures_.front();
  failures_.clear();
  return oldest;
}

void Stream::mark_delivered(const std::shared_ptr<Failure>& failure) {
  std::lock_guard<std::mutex> lock(failure_mutex_);
  std::erase(failures_, failure);
}

void* Stream::workspace(size_t bytes) {
  std::lock_guard<std::mutex> lock(workspace_mutex_);
  Block* block = scratch_.take(bytes, UINT64_MAX, false);
  if (block == nullptr) return nullptr;
  scratch_used_.push_back(block);
  return block->data;
}

void host_parallel_for(lb_call* call, int64_t count, int64_t grain, void (*body)(void*, int64_t, int64_t),
                       void* context) {
  parallel_for(count, grain, body, context, running(call).stream->cancelled());
}

void* host_workspace(lb_call* call, size_t bytes) {
  void* data = running(call).stream->workspace(bytes);
  if (data == nullptr) host_fail(call, "out of memory for its workspace");
  return data;
}

void host_fail(lb_call* call, const char* message) {
  Running& state = running(call);
  std::lock_guard<std::mutex> lock(state.mutex);
  if (state.failure != nullptr) return;
  state.failure = std::make_shared<Failure>();
  state.failure->message = std::string(state.op) + ": " + (message != nullptr ? message : "failed");
}

}  // namespace lb
