// The addon's entry, and the calls that move values between JavaScript and blocks.
#include "environment.h"

namespace lb {

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  const napi_extended_error_info* details = nullptr;
  napi_get_last_error_info(env, &details);
  throw BindingError(details != nullptr && details->error_message != nullptr ? details->error_message
                                                                             : "a Node-API call failed");
}

Environment& environment_of(napi_env env) {
  void* data = nullptr;
  check(env, napi_get_instance_data(env, &data));
  return *static_cast<Environment*>(data);
}

Handle& handle_of(Environment& environment, napi_value value) {
  void* data = nullptr;
  if (napi_get_value_external(environment.env, value, &data) != napi_ok || data == nullptr) {
    throw BindingError("expected a tensor's handle, received something else");
  }
  Handle& handle = *static_cast<Handle*>(data);
  if (handle.magic != Handle::kMagic)
    throw BindingError("expected a tensor's handle, received something else");
  if (handle.environment != &environment)
    throw BindingError("expected a tensor of this thread, received another's");
  if (handle.block == nullptr) throw BindingError("expected a live tensor, received one that was released");
  return handle;
}

double number_of(napi_env env, napi_value value) {
  double result = 0;
  check(env, napi_get_value_double(env, value, &result));
  return result;
}

std::string string_of(napi_env env, napi_value value) {
  size_t length = 0;
  check(env, napi_get_value_string_utf8(env, value, nullptr, 0, &length));
  std::string result(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, result.data(), length + 1, &length));
  return result;
}

napi_value number(napi_env env, double value) {
  napi_value result;
  check(env, napi_create_double(env, value, &result));
  return result;
}

napi_value text(napi_env env, const std::string& value) {
  napi_value result;
  check(env, napi_create_string_utf8(env, value.c_str(), value.size(), &result));
  return result;
}

void set(napi_env env, napi_value object, const char* key, napi_value value) {
  check(env, napi_set_named_property(env, object, key, value));
}

namespace {

struct Bytes {
  void* data;
  size_t size;
};

Bytes bytes_of(napi_env env, napi_value array) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr) != napi_ok) {
    throw BindingError("expected a typed array, received something else");
  }
  size_t width = 1;
  if (type == napi_int16_array || type == napi_uint16_array) width = 2;
  if (type == napi_int32_array || type == napi_uint32_array || type == napi_float32_array) width = 4;
  if (type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array) width = 8;
  return {data, length * width};
}

// write(device, typedArray): a handle with a copy of the bytes, made before the call returns.
napi_value write(napi_env env, napi_callback_info info) {
  const auto [device_value, array] = arguments<2>(env, info);
  Environment& environment = environment_of(env);
  const int device = device_of(env, device_value);
  const Bytes source = bytes_of(env, array);
  return environment.write(device, source.data, source.size);
}

// transfer(handle, device): the handle of a copy on another device, made in the order of both devices' calls.
// Nobody waits; the source may be released at once.
napi_value transfer(napi_env env, napi_callback_info info) {
  const auto [value, device_value] = arguments<2>(env, info);
  Environment& environment = environment_of(env);
  return environment.transfer(handle_of(environment, value), device_of(env, device_value));
}

Bytes destination_of(napi_env env, const Handle& handle, napi_value array) {
  const Bytes destination = bytes_of(env, array);
  if (destination.size > handle.bytes)
    throw BindingError("read: expected at most the tensor's bytes, received more");
  return destination;
}

// read(handle, typedArray): a promise of the filled array.
napi_value read(napi_env env, napi_callback_info info) {
  const auto [value, array] = arguments<2>(env, info);
  Environment& environment = environment_of(env);
  const Handle& handle = handle_of(environment, value);
  const Bytes destination = destination_of(env, handle, array);
  return environment.promise(handle.device, Job::Kind::read, handle.block, destination.data, destination.size,
                             array);
}

napi_value read_sync(napi_env env, napi_callback_info info) {
  const auto [value, array] = arguments<2>(env, info);
  Environment& environment = environment_of(env);
  const Handle& handle = handle_of(environment, value);
  const Bytes destination = destination_of(env, handle, array);
  Stream& stream = environment.stream(handle.device);
  Job& job = stream.next_job();
  std::shared_ptr<Failure> failure;
  job.kind = Job::Kind::read;
  job.block = handle.block;
  job.host_data = destination.data;
  job.bytes = destination.size;
  job.waits = true;
  job.context = &failure;
  job.reached = [](void* context, const std::shared_ptr<Failure>& why) {
    *static_cast<std::shared_ptr<Failure>*>(context) = why;
  };
  stream.wait(stream.submit());
  if (failure != nullptr) throw BindingError(failure->message);
  return array;
}

napi_value release(napi_env env, napi_callback_info info) {
  Environment& environment = environment_of(env);
  environment.release(&handle_of(environment, arguments<1>(env, info)[0]));
  return nullptr;
}

// fence(device): a promise that resolves when the stream has reached this point.
napi_value fence(napi_env env, napi_callback_info info) {
  const int device = device_of(env, arguments<1>(env, info)[0]);
  return environment_of(env).promise(device, Job::Kind::fence, nullptr, nullptr, 0, nullptr);
}

// takeFailure(): the sentence of a failed kernel that nobody has read yet, or undefined.
napi_value take_failure(napi_env env, napi_callback_info) {
  for (auto& stream : environment_of(env).streams) {
    const std::shared_ptr<Failure> failure = stream ? stream->take_failure() : nullptr;
    if (failure != nullptr) return text(env, failure->message);
  }
  return nullptr;
}

template <napi_value (*F)(napi_env, napi_callback_info)>
void function(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<F>, nullptr, &value));
  set(env, exports, name, value);
}

void define(napi_env env, napi_value exports) {
  auto* environment = new Environment(env);
  check(env, napi_set_instance_data(env, environment, nullptr, nullptr));
  napi_value buffer, scratch;
  void* data;
  check(env, napi_create_arraybuffer(env, kScratch * sizeof(double), &data, &buffer));
  check(env, napi_create_typedarray(env, napi_float64_array, kScratch, buffer, 0, &scratch));
  napi_ref keep;
  check(env, napi_create_reference(env, buffer, 1, &keep));
  environment->scratch = static_cast<double*>(data);
  set(env, exports, "scratch", scratch);
  function<write>(env, exports, "write");
  function<transfer>(env, exports, "transfer");
  function<read>(env, exports, "read");
  function<read_sync>(env, exports, "readSync");
  function<release>(env, exports, "release");
  function<fence>(env, exports, "fence");
  function<take_failure>(env, exports, "takeFailure");
  function<run>(env, exports, "run");
  function<load_device>(env, exports, "loadDevice");
  function<graph>(env, exports, "graph");
  function<mark>(env, exports, "mark");
  function<marks>(env, exports, "marks");
  function<at_exit>(env, exports, "atExit");
  function<memory>(env, exports, "memory");
  function<kernel>(env, exports, "kernel");
  function<kernels>(env, exports, "kernels");
  function<load_kernels>(env, exports, "loadKernels");
  function<set_precision>(env, exports, "precision");
  function<thread_count>(env, exports, "threads");
  function<system_info>(env, exports, "info");
}

}  // namespace
}  // namespace lb

NAPI_MODULE_INIT() {
  try {
    lb::define(env, exports);
  } catch (const std::exception& error) {
    napi_throw_error(env, "LANDBRIDGE", error.what());
  }
  return exports;
}
