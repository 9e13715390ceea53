#include "environment.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "../core/device.h"

namespace lb {
namespace {

// External memory is reported to V8 in steps this coarse: every report may make it collect.
constexpr int64_t kReportStep = int64_t{32} << 20;
constexpr size_t kGivenBackLimit = size_t{256} << 20;

void finalize_handle(node_api_basic_env, void* data, void*) {
  auto* handle = static_cast<Handle*>(data);
  handle->environment->finalized(handle);
}

// The main thread's environment, once the process is about to end.
std::atomic<Environment*> ending{nullptr};

}  // namespace

Environment::Environment(napi_env env) : env(env) {
  napi_value name;
  check(env, napi_create_string_utf8(env, "landbridge", NAPI_AUTO_LENGTH, &name));
  check(env, napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
                                             deliver, &delivery_));
  check(env, napi_unref_threadsafe_function(env, delivery_));
  // Registered after the function above, hence run before it goes away: the stream's thread ends first.
  check(env, napi_add_env_cleanup_hook(
                 env, [](void* self) { static_cast<Environment*>(self)->close(); }, this));
}

Environment::~Environment() {
  for (Pending* pending : pending_) delete pending;
}

Stream& Environment::stream(int device) {
  if (closed_) throw BindingError("the environment is shutting down");
  if (streams[device] == nullptr) {
    caches[device] = std::make_unique<BlockCache>(device);
    streams[device] = std::make_unique<Stream>(device, *caches[device]);
  }
  return *streams[device];
}

// Kernels' outputs reuse what was given back before them, whatever is queued; a copy made at once needs
// memory that no queued job reads. A loop that writes faster than the stream reads waits here.
void Environment::hold_back() {
  while (!given_back_.empty()) {
    const GivenBack oldest = given_back_.front();
    if (oldest.job > oldest.stream->completed()) {
      if (given_back_bytes_ <= kGivenBackLimit) return;
      oldest.stream->wait(oldest.job);
    }
    given_back_.pop_front();
    given_back_bytes_ -= oldest.bytes;
  }
}

Block* Environment::take_block(int device, size_t bytes, bool must_be_idle) {
  if (must_be_idle) hold_back();
  const uint64_t idle = stream(device).completed();
  Block* block = caches[device]->take(bytes, idle, must_be_idle);
  if (block == nullptr) {  // what queued jobs still use may be the missing memory
    stream(device).drain();
    block = caches[device]->take(bytes, stream(device).completed(), must_be_idle);
  }
  if (block == nullptr) {
    Device* const owner = Device::of(device);
    const std::shared_ptr<Failure> broken = owner != nullptr ? owner->broken() : nullptr;
    throw BindingError(broken != nullptr ? broken->message : out_of_memory(device, bytes));
  }
  return block;
}

// On a device the copy is a job like others; on the CPU it is made at once.
napi_value Environment::write(int device, const void* data, size_t bytes) {
  Block* block = take_block(device, bytes, device == LB_DEVICE_cpu);
  if (device == LB_DEVICE_cpu) {
    block->failure.reset();
    if (bytes > 0) std::memcpy(block->data, data, bytes);
    return wrap(block, bytes, device, true);
  }
  try {
    stream(device).write(block, data, bytes);
  } catch (...) {
    caches[device]->give(block, stream(device).issued(), stream(device).completed());
    throw;
  }
  return wrap(block, bytes, device, false);
}

// All that may fail comes first: what is queued here stays queued.
napi_value Environment::transfer(const Handle& source, int device) {
  Stream& target = stream(device);
  Block* const buffer = take_block(LB_DEVICE_cpu, source.bytes, true);
  napi_value copy;
  Block* block;
  try {
    block = take_block(device, source.bytes, false);
    copy = wrap(block, source.bytes, device, false);
  } catch (...) {
    return_block(buffer);
    throw;
  }
  lb::transfer(stream(source.device), source.block, target, block, buffer, source.bytes);
  return copy;
}

napi_value Environment::wrap(Block* block, size_t bytes, int device, bool written) {
  auto* handle = new Handle{Handle::kMagic, this, block, bytes, device, written};
  napi_value value;
  if (napi_create_external(env, handle, finalize_handle, nullptr, &value) != napi_ok) {
    delete handle;  // a worker being terminated: the block goes where it came from
    caches[device]->give(block, stream(device).issued(), stream(device).completed());
    throw BindingError("the environment is shutting down");
  }
  ++handles_;
  account(device, static_cast<int64_t>(bytes));
  return value;
}

bool Environment::refill(napi_value value, Block* block, size_t bytes, int device) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok || data == nullptr) return false;
  auto* handle = static_cast<Handle*>(data);
  if (handle->magic != Handle::kMagic || handle->environment != this || handle->block != nullptr)
    return false;
  *handle = {Handle::kMagic, this, block, bytes, device, false};
  account(device, static_cast<int64_t>(bytes));
  return true;
}

void Environment::release(Handle* handle) {
  if (handle->block == nullptr) return;
  Block* block = handle->block;
  handle->block = nullptr;
  live_bytes_ -= static_cast<int64_t>(handle->bytes);
  note_live(handle->device, -static_cast<int64_t>(handle->bytes), -1);
  if (closed_) return return_block(block);
  Stream& used_by = *streams[handle->device];
  if (handle->written && used_by.issued() > used_by.completed()) {
    given_back_.push_back({&used_by, used_by.issued(), handle->bytes});
    given_back_bytes_ += handle->bytes;
  }
  caches[handle->device]->give(block, used_by.issued(), used_by.completed());
}

// Only what the collector freed lowers the reported mark: what is released by hand comes back in the next
// step, and reporting that ebb and flow would make V8 collect in every step.
void Environment::finalized(Handle* handle) {
  if (handle->block != nullptr) {
    collected_bytes_ += static_cast<int64_t>(handle->bytes);
    release(handle);
  }
  delete handle;
  --handles_;
  if (closed_) {
    if (handles_ == 0) delete this;
    return;
  }
  if (collected_bytes_ >= kReportStep) {
    const int64_t step = collected_bytes_ < reported_bytes_ ? collected_bytes_ : reported_bytes_;
    int64_t total;
    napi_adjust_external_memory(env, -step, &total);
    reported_bytes_ -= step;
    collected_bytes_ = 0;
  }
}

void Environment::account(int device, int64_t bytes) {
  live_bytes_ += bytes;
  note_live(device, bytes, 1);
  if (live_bytes_ - reported_bytes_ < kReportStep) return;
  const int64_t step = live_bytes_ - reported_bytes_;
  reported_bytes_ += step;
  int64_t total;
  napi_adjust_external_memory(env, step, &total);
}

napi_value Environment::promise(int device, Job::Kind kind, Block* source, void* data, size_t bytes,
                                napi_value destination) {
  Stream& target = stream(device);
  auto pending = std::make_unique<Pending>(Pending{this, nullptr, nullptr, nullptr});
  napi_value result;
  check(env, napi_create_promise(env, &pending->deferred, &result));
  if (destination != nullptr) check(env, napi_create_reference(env, destination, 1, &pending->destination));
  if (pending_.empty()) check(env, napi_ref_threadsafe_function(env, delivery_));
  pending_.insert(pending.get());
  Job& job = target.next_job();
  job.kind = kind;
  job.block = source;
  job.host_data = data;
  job.bytes = bytes;
  job.waits = false;
  job.context = pending.release();
  job.reached = [](void* context, const std::shared_ptr<Failure>& failure) {
    auto* reached = static_cast<Pending*>(context);
    reached->failure = failure;
    napi_call_threadsafe_function(reached->environment->delivery_, reached, napi_tsfn_blocking);
  };
  target.submit();
  return result;
}

void Environment::deliver(napi_env env, napi_value, void* environment, void* pending) {
  if (env == nullptr) return;  // shutting down: close() frees what is pending
  static_cast<Environment*>(environment)->settle(env, static_cast<Pending*>(pending));
}

// exit() runs no hooks of Node's, but it destroys the static objects of every library: those of CUDA's
// libraries and of kernels, which a stream's thread may be using. The handler registered last comes first.
void Environment::end_with_process() {
  if (ending.exchange(this) == this) return;
  std::atexit([] {
    Environment* const environment = ending.exchange(nullptr);
    if (environment == nullptr) return;
    for (auto& each : environment->streams) {
      if (each != nullptr) each->close();
    }
  });
}

// Nothing throws here either: nobody could catch it.
void Environment::settle(napi_env env, Pending* pending) {
  napi_value result = nullptr, sentence = nullptr;
  napi_get_undefined(env, &result);
  if (pending->destination != nullptr) {
    napi_get_reference_value(env, pending->destination, &result);
    napi_delete_reference(env, pending->destination);
  }
  if (pending->failure == nullptr) {
    napi_resolve_deferred(env, pending->deferred, result);
  } else {
    const std::string& message = pending->failure->message;
    napi_create_string_utf8(env, message.c_str(), message.size(), &sentence);
    if (napi_create_error(env, nullptr, sentence, &result) == napi_ok)
      napi_reject_deferred(env, pending->deferred, result);
  }
  pending_.erase(pending);
  delete pending;
  if (pending_.empty()) napi_unref_threadsafe_function(env, delivery_);
}

// Nothing throws here: a worker may be terminated in the middle of anything.
void Environment::close() {
  Environment* self = this;
  ending.compare_exchange_strong(self, nullptr);
  for (auto& each : streams) {
    if (each != nullptr) each->close();
  }
  closed_ = true;
  given_back_.clear();
  for (auto& cache : caches) cache.reset();
  for (auto& each : streams) each.reset();
  if (handles_ == 0) delete this;
}

}  // namespace lb
