// Devices beside the CPU: opening them, and graphs of calls.
#include "../core/device.h"

#include "environment.h"

namespace lb {

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
  Stream& stream = environment_of(env).stream(device);
  Job& job = stream.next_job();
  job.kind = begin ? Job::Kind::begin_graph : Job::Kind::end_graph;
  stream.submit();
  return nullptr;
}

}  // namespace lb
