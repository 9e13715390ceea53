// What one JavaScript environment (the main thread, a worker) owns: streams, handles, pending promises.
#pragma once

#include <node_api.h>

#include <array>
#include <deque>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "../core/memory.h"
#include "../core/stream.h"

namespace lb {

constexpr int kDevices = 3;
constexpr size_t kScratch = size_t{1} << 17;  // doubles

struct Environment;

// What a JavaScript handle points to. One handle is one holder of one block.
struct Handle {
  static constexpr uint64_t kMagic = 0x6c616e6462726467;
  uint64_t magic = kMagic;
  Environment* environment;
  Block* block;  // null once released
  size_t bytes;
  int device;
  bool written;  // on the CPU: made by write(), not by a kernel
};

// What is to be known of an output until its call is queued.
struct Placement {
  size_t bytes;
  bool exclusive;  // the caller is the only holder of the value that it replaces
  bool fresh;      // it went to a block of its own
};

// A promise waiting for the stream.
struct Pending {
  Environment* environment;
  napi_deferred deferred;
  napi_ref destination;  // keeps the array alive that the stream writes into; null for fences
  std::shared_ptr<Failure> failure;
};

struct Environment {
  explicit Environment(napi_env env);
  ~Environment();

  Stream& stream(int device);
  Block* take_block(int device, size_t bytes, bool must_be_idle);  // throws when memory is out
  napi_value write(int device, const void* data, size_t bytes);    // a handle with a copy of them
  napi_value wrap(Block* block, size_t bytes, int device, bool written);
  napi_value transfer(const Handle& source, int device);  // the handle of a copy that is yet to come
  // Gives a released handle another block. False, and nothing done, when `value` is none.
  bool refill(napi_value value, Block* block, size_t bytes, int device);
  void release(Handle* handle);    // the value is dropped; its block serves later jobs
  void finalized(Handle* handle);  // the collector found the handle unreachable
  napi_value promise(int device, Job::Kind kind, Block* source, void* data, size_t bytes,
                     napi_value destination);
  void end_with_process();  // exit() ends the streams before anything that their threads use
  void close();             // the environment ends

  napi_env env;
  double* scratch = nullptr;
  int32_t precision = LB_PRECISION_float32;  // of the products in calls to come
  std::vector<Placement> placements;         // of the call in hand; kept for its memory
  std::array<std::unique_ptr<Stream>, kDevices> streams;
  std::array<std::unique_ptr<BlockCache>, kDevices> caches;

 private:
  static void deliver(napi_env env, napi_value, void* environment, void* pending);
  void settle(napi_env env, Pending* pending);
  void account(int device, int64_t bytes);
  void hold_back();

  napi_threadsafe_function delivery_ = nullptr;
  std::set<Pending*> pending_;
  int64_t handles_ = 0, live_bytes_ = 0, reported_bytes_ = 0, collected_bytes_ = 0;
  bool closed_ = false;

  // Values that JavaScript wrote and gave back while queued jobs still read them.
  struct GivenBack {
    Stream* stream;
    uint64_t job;
    size_t bytes;
  };
  std::deque<GivenBack> given_back_;
  size_t given_back_bytes_ = 0;
};

// A mistake that becomes a JavaScript exception.
struct BindingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Environment& environment_of(napi_env env);
Handle& handle_of(Environment& environment, napi_value value);
void check(napi_env env, napi_status status);
double number_of(napi_env env, napi_value value);
int device_of(napi_env env, napi_value value);  // the CPU's, or an open device's
std::string string_of(napi_env env, napi_value value);
napi_value number(napi_env env, double value);
napi_value text(napi_env env, const std::string& value);
void set(napi_env env, napi_value object, const char* key, napi_value value);

// Reads up to N arguments; absent ones are undefined.
template <size_t N>
std::array<napi_value, N> arguments(napi_env env, napi_callback_info info) {
  std::array<napi_value, N> values{};
  size_t count = N;
  check(env, napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr));
  return values;
}

// Turns C++ exceptions of a callback into JavaScript ones.
template <napi_value (*F)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return F(env, info);
  } catch (const std::exception& error) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, "LANDBRIDGE", error.what());
    return nullptr;
  }
}

napi_value run(napi_env env, napi_callback_info info);          // run.cc
napi_value load_device(napi_env env, napi_callback_info info);  // device.cc
napi_value graph(napi_env env, napi_callback_info info);
napi_value mark(napi_env env, napi_callback_info info);
napi_value marks(napi_env env, napi_callback_info info);
napi_value at_exit(napi_env env, napi_callback_info info);
napi_value memory(napi_env env, napi_callback_info info);  // info.cc, as all below
napi_value kernel(napi_env env, napi_callback_info info);
napi_value kernels(napi_env env, napi_callback_info info);
napi_value load_kernels(napi_env env, napi_callback_info info);
napi_value set_precision(napi_env env, napi_callback_info info);
napi_value thread_count(napi_env env, napi_callback_info info);
napi_value system_info(napi_env env, napi_callback_info info);

// A kernel that JavaScript resolved, on behalf of an op.
struct ResolvedKernel {
  const lb_kernel_record* record;
  std::string op;
};

const ResolvedKernel& kernel_at(double number);

}  // namespace lb
