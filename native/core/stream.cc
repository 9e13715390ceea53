#include "stream.h"

#include <cstring>

#include "isa.h"
#include "parallel.h"
#include "registry.h"
#include "spin.h"

namespace lb {
namespace {

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

Stream::Stream(int device, BlockCache& cache) : scratch_(device), cache_(cache) {
  if (device != LB_DEVICE_cpu) {
    Device* opened = Device::of(device);
    if (opened == nullptr)
      throw std::runtime_error(std::string("run: expected a device that is open, received ") +
                               device_name(device));
    device_ = std::make_unique<DeviceStream>(*opened, failures_);
  }
  thread_ = std::thread([this] { loop(); });
}

Stream::~Stream() {
  close();
  scratch_.flush(UINT64_MAX);
}

Job& Stream::next_job() {
  const uint64_t next = issued_.load(std::memory_order_relaxed);
  auto full = [&] {
    const uint64_t waiting = next - completed_.load();
    return waiting >= kJobs || (waiting > 0 && issued_bytes_ - completed_bytes_.load() > kBytes);
  };
  if (full()) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++producers_wait_;
    progress_.wait(lock, [&] { return !full() || closing_.load(); });
    --producers_wait_;
  }
  Job& job = ring_[next % kJobs];
  job.operands.clear();
  job.params.clear();
  job.bytes = 0;
  return job;
}

uint64_t Stream::submit() {
  const uint64_t next = issued_.load(std::memory_order_relaxed);
  issued_bytes_ += ring_[next % kJobs].bytes;
  issued_.store(next + 1);  // sequentially consistent: ordered with the consumer's "I am going to sleep"
  if (consumer_sleeps_.load()) {
    std::lock_guard<std::mutex> lock(mutex_);
    work_.notify_one();
  }
  return next + 1;
}

void Stream::wait(uint64_t job) {
  if (spin_until([&] { return completed() >= job; })) return;
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
  if (device_ != nullptr) device_->cancel();
  thread_.join();
  if (device_ != nullptr) {
    if (capturing_) device_->discard_capture();
    device_->close();
  }
  completed_.store(issued_.load());
}

bool Stream::wait_for_job(uint64_t job) {
  const auto found = [&] { return issued_.load() > job || closing_.load() || drain_wanted_.load(); };
  for (;;) {
    if (!spin_until(found)) {
      std::unique_lock<std::mutex> lock(mutex_);
      consumer_sleeps_ = true;
      work_.wait(lock, found);
      consumer_sleeps_ = false;
    }
    if (closing_.load()) return false;
    if (issued_.load() > job) return true;
    finish_drain();
  }
}

void Stream::loop() {
  for (uint64_t at = 0; wait_for_job(at); ++at) {
    Job& job = ring_[at % kJobs];
    const size_t bytes = job.bytes;
    execute(job);
    completed_bytes_.store(completed_bytes_.load(std::memory_order_relaxed) + bytes);
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
      return device_ != nullptr ? read_device(job) : read(job);
    case Job::Kind::fence:
      if (device_ != nullptr) return fence_device(job);
      if (job.reached != nullptr) job.reached(job.context, nullptr);
      return;
    case Job::Kind::send:
      return send(job);
    case Job::Kind::receive:
      return receive(job);
    case Job::Kind::write:
      return copy_in(job);
    case Job::Kind::begin_graph:
      return begin_capture();
    case Job::Kind::end_graph:
      end_capture();
      return;
    case Job::Kind::mark:
      end_capture();
      device_->mark();
  }
}

namespace {

constexpr lb_view kAbsent{nullptr, 0, {}, {}, LB_DTYPE_float32, -1};

// Axes past the rank are zero, as kernels may expect.
void make_view(const Operand& operand, lb_view& view) {
  view = kAbsent;
  if (operand.rank < 0) return;
  view.data = operand.block->data;
  view.count = operand.count;
  view.dtype = operand.dtype;
  view.rank = operand.rank;
  int64_t stride = 1;
  for (int axis = operand.rank - 1; axis >= 0; --axis) {
    view.shape[axis] = operand.shape[axis];
    view.strides[axis] = stride;
    stride *= operand.shape[axis];
  }
}

// What a strided kernel sees: every input in the shape of the first output, with stride 0 along broadcast
// axes. That it broadcasts was checked when the job was queued.
void expand(lb_view& view, const lb_view& output) {
  if (view.rank < 0) return;
  lb_view wide = output;
  wide.data = view.data;
  wide.dtype = view.dtype;
  for (int axis = 0; axis < output.rank; ++axis) {
    const int own = axis - (output.rank - view.rank);
    wide.strides[axis] = own < 0 || view.shape[own] == 1 ? 0 : view.strides[own];
  }
  view = wide;
}

}  // namespace

void Stream::make_views(const Job& job) {
  const size_t inputs = static_cast<size_t>(job.input_count);
  inputs_.resize(inputs);
  outputs_.resize(job.operands.size() - inputs);
  for (size_t i = 0; i < inputs; ++i) make_view(job.operands[i], inputs_[i]);
  for (size_t i = 0; i < outputs_.size(); ++i) make_view(job.operands[inputs + i], outputs_[i]);
  if ((job.kernel->flags & LB_FLAG_strided) == 0) return;
  for (lb_view& view : inputs_) expand(view, outputs_[0]);
}

// Why the job cannot run: an input that does not exist, or a device that no longer works.
std::shared_ptr<Failure> Stream::refusal(const Job& job) const {
  const Operand* const inputs = job.operands.data();
  for (const Operand* input = inputs; input != inputs + job.input_count; ++input) {
    if (input->block != nullptr && input->block->failure != nullptr) return input->block->failure;
  }
  return device_ != nullptr ? device_->device().broken() : nullptr;
}

std::shared_ptr<Failure> Stream::start(Job& job) {
  make_views(job);
  Running state{this, job.op, {}, nullptr};
  lb_call call{sizeof(lb_call),
               chosen_isa(),
               job.input_count,
               static_cast<int32_t>(outputs_.size()),
               static_cast<int32_t>(job.params.size()),
               inputs_.data(),
               outputs_.data(),
               job.params.data(),
               &host_table(),
               device_ != nullptr ? device_->handle() : nullptr,
               &state,
               job.precision};
  job.kernel->run(&call);
  for (Block* block : scratch_used_) scratch_.give(block, 0, UINT64_MAX);
  scratch_used_.clear();
  return std::move(state.failure);
}

void Stream::run(Job& job) {
  if (refusal(job) != nullptr) {
    end_capture();
    return poison(job, refusal(job));
  }
  const std::shared_ptr<Failure> failure = start(job);
  // When what was captured cannot run, nothing of this job has run either, and what was kept now has.
  if (capturing_ && (failure != nullptr || refused_) && !end_capture()) return run(job);
  if (failure != nullptr) return fail(job, failure);
  const Operand* const end = job.operands.data() + job.operands.size();
  for (const Operand* output = job.operands.data() + job.input_count; output != end; ++output) {
    if (output->block != nullptr && output->block->failure != nullptr) output->block->failure.reset();
  }
  if (capturing_) keep(job);
}

// Whoever reads a sound value from here on hears of it, unless somebody has before.
void Stream::tell(const std::shared_ptr<Failure>& failure) {
  if (device_ != nullptr)
    device_->failed(failure);
  else
    failures_.add(failure);
}

void Stream::fail(Job& job, const std::shared_ptr<Failure>& failure) {
  tell(failure);
  poison(job, failure);
}

// In-place targets stay as they were: one that was given a fresh block receives the old value.
void Stream::poison(Job& job, const std::shared_ptr<Failure>& failure) {
  for (size_t i = static_cast<size_t>(job.input_count); i < job.operands.size(); ++i) {
    const Operand& output = job.operands[i];
    if (output.block == nullptr) continue;
    if (output.replaces < 0) {
      output.block->failure = failure;
      continue;
    }
    Block* old = job.operands[static_cast<size_t>(output.replaces)].block;
    if (old == output.block) continue;
    const size_t bytes = static_cast<size_t>(output.count) * dtype_size(output.dtype);
    if (device_ != nullptr)
      device_->copy(output.block->data, old->data, bytes);
    else if (bytes > 0)
      std::memcpy(output.block->data, old->data, bytes);
    output.block->failure = old->failure;
  }
}

// A read of a sound value reports, once, what failed before it and was never read: decided here, in stream
// order, so that it depends on the program and not on timing.
void Stream::read(Job& job) {
  std::shared_ptr<Failure> failure = job.block->failure;
  if (failure != nullptr) {
    failures_.delivered(failure);
  } else {
    if (job.bytes > 0) std::memcpy(job.host_data, job.block->data, job.bytes);
    failure = failures_.take();
  }
  job.reached(job.context, failure);
}

void* Stream::workspace(size_t bytes) {
  std::lock_guard<std::mutex> lock(workspace_mutex_);
  Block* block = scratch_.take(bytes, UINT64_MAX, false);
  if (block == nullptr && device_ != nullptr) {
    refused_ = capturing_;  // the device cannot be waited for now
    if (refused_) return nullptr;
    free_caches();
    block = scratch_.take(bytes, UINT64_MAX, false);
  }
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

lb_report host_report(lb_call* call, const char* message) {
  Running& state = running(call);
  if (DeviceStream* device = state.stream->device()) return device->report(state.op, message);
  static std::atomic<uint64_t> nobody{0};
  host_fail(call, "expected a device's kernel to report, received one of the CPU; it can call fail");
  return {&nobody, 0};
}

void host_fail(lb_call* call, const char* message) {
  Running& state = running(call);
  std::lock_guard<std::mutex> lock(state.mutex);
  if (state.failure != nullptr) return;
  state.failure = std::make_shared<Failure>();
  state.failure->message = std::string(state.op) + ": " + (message != nullptr ? message : "failed");
}

}  // namespace lb
