// Devices beside the CPU: opening them, graphs of calls, and their clocks.
#include "../core/device.h"

#include "environment.h"

namespace lb {

namespace {

void submit(Stream& stream, Job::Kind kind) {
  stream.next_job().kind = kind;
  stream.submit();
}

Stream& marked_stream(napi_env env, napi_value value) {
  const int device = device_of(env, value);
  if (device == LB_DEVICE_cpu) throw BindingError("expected a device with a clock of its own, received cpu");
  return environment_of(env).stream(device);
}

}  // namespace

int device_of(napi_env env, napi_value value) {
  const double number = number_of(env, value);
  const int device = number >= 0 && number < kDevices ? static_cast<int>(number) : -1;
  if (device != number || (device != LB_DEVICE_cpu && Device::of(device) == nullptr))
    throw BindingError("expected a device that is open, received another");
  return device;
}

// loadDevice(path): opens the device that a library serves, and says what it is.
napi_value load_device(napi_env env, napi_callback_info info) {
  return text(env, Device::load(string_of(env, arguments<1>(env, info)[0])).description);
}

// graph(device, begin): calls between a begin and an end may be launched together. Nothing else changes:
// where they cannot be, they run one by one, and on the CPU always.
napi_value graph(napi_env env, napi_callback_info info) {
  const auto [device_value, begin_value] = arguments<2>(env, info);
  const int device = device_of(env, device_value);
  bool begin = false;
  check(env, napi_get_value_bool(env, begin_value, &begin));
  if (device == LB_DEVICE_cpu) return nullptr;
  submit(environment_of(env).stream(device), begin ? Job::Kind::begin_graph : Job::Kind::end_graph);
  return nullptr;
}

// mark(device): a point of the device's stream, for marks().
napi_value mark(napi_env env, napi_callback_info info) {
  submit(marked_stream(env, arguments<1>(env, info)[0]), Job::Kind::mark);
  return nullptr;
}

// atExit(): the process is about to end by exit().
napi_value at_exit(napi_env env, napi_callback_info) {
  environment_of(env).end_with_process();
  return nullptr;
}

// marks(device): the device's milliseconds from each mark to the next, since the last call.
napi_value marks(napi_env env, napi_callback_info info) {
  const std::vector<float> between = marked_stream(env, arguments<1>(env, info)[0]).take_marks();
  napi_value list;
  check(env, napi_create_array_with_length(env, between.size(), &list));
  for (size_t i = 0; i < between.size(); ++i)
    check(env, napi_set_element(env, list, static_cast<uint32_t>(i), number(env, between[i])));
  return list;
}

}  // namespace lb
