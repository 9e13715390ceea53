// Time as a device measures it: marks in its stream, for benchmarks.
#include <utility>

#include "../core/device.h"
#include "environment.h"

namespace lb {
namespace {

Device& marked_device(int number) {
  Device* device = Device::of(number);
  if (device == nullptr) throw BindingError("expected a device that measures time, received the CPU");
  return *device;
}

void require(Device& device, const char* error) {
  if (!device.ok(error)) throw BindingError(device.broken()->message);
}

}  // namespace

// mark(device): the device notes the time when its stream gets here.
napi_value mark(napi_env env, napi_callback_info info) {
  const int number = device_of(env, arguments<1>(env, info)[0]);
  Device& device = marked_device(number);
  Environment& environment = environment_of(env);
  Stream& stream = environment.stream(number);
  void* event = nullptr;
  require(device, device.api.create_event(&event));
  environment.marks[number].push_back(event);
  Job& job = stream.next_job();
  job.kind = Job::Kind::mark;
  job.context = event;
  stream.submit();
  return nullptr;
}

// marks(device): the milliseconds between the marks since the last call, once the last one has been reached.
napi_value marks(napi_env env, napi_callback_info info) {
  const int number = device_of(env, arguments<1>(env, info)[0]);
  Device& device = marked_device(number);
  Environment& environment = environment_of(env);
  const std::vector<void*> events = std::exchange(environment.marks[number], {});
  Stream& stream = environment.stream(number);
  stream.wait(stream.issued());
  napi_value list;
  check(env, napi_create_array(env, &list));
  if (!events.empty()) require(device, device.api.wait(events.back()));
  for (size_t i = 1; i < events.size(); ++i) {
    float milliseconds = 0;
    require(device, device.api.elapsed(events[i - 1], events[i], &milliseconds));
    check(env, napi_set_element(env, list, static_cast<uint32_t>(i - 1), lb::number(env, milliseconds)));
  }
  for (void* event : events) device.api.destroy_event(event);
  return list;
}

}  // namespace lb
