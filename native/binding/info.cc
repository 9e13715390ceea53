// What can be asked: memory, kernels, threads, the machine.
#include <deque>
#include <mutex>

#include "../core/isa.h"
#include "../core/parallel.h"
#include "../core/registry.h"
#include "environment.h"

namespace lb {
namespace {

// Resolved kernels by the number that JavaScript keeps; shared by all environments, never shrinking.
struct Resolved {
  std::mutex mutex;
  std::deque<ResolvedKernel> kernels;  // a deque: references stay valid
};

Resolved& resolved() {
  static Resolved* const instance = new Resolved;
  return *instance;
}

napi_value describe(napi_env env, const lb_kernel_record* record) {
  napi_value object;
  check(env, napi_create_object(env, &object));
  set(env, object, "name", text(env, record->name));
  set(env, object, "device", text(env, device_name(record->device)));
  set(env, object, "dtype", text(env, dtype_name(record->dtype)));
  set(env, object, "isa", text(env, isa_name(record->isa)));
  return object;
}

// Numbers that no device or dtype has become one of those.
int small_integer(napi_env env, napi_value value) {
  const double number = number_of(env, value);
  return number >= 0 && number < 256 ? static_cast<int>(number) : 255;
}

napi_value list(napi_env env, const std::vector<const lb_kernel_record*>& records) {
  napi_value array;
  check(env, napi_create_array_with_length(env, records.size(), &array));
  for (size_t i = 0; i < records.size(); ++i) {
    check(env, napi_set_element(env, array, static_cast<uint32_t>(i), describe(env, records[i])));
  }
  return array;
}

}  // namespace

const ResolvedKernel& kernel_at(double number) {
  Resolved& table = resolved();
  std::lock_guard<std::mutex> lock(table.mutex);
  if (!(number >= 0 && number < static_cast<double>(table.kernels.size())))
    throw BindingError("run: expected a resolved kernel, received another number");
  return table.kernels[static_cast<size_t>(number)];
}

// kernel(name, device, dtype, op = name): its number, or −1. Failures name `op`.
napi_value kernel(napi_env env, napi_callback_info info) {
  const auto [name, device, dtype, caller] = arguments<4>(env, info);
  const lb_kernel_record* found =
      find_kernel(string_of(env, name).c_str(), small_integer(env, device), small_integer(env, dtype));
  if (found == nullptr) return number(env, -1);
  napi_valuetype type;
  check(env, napi_typeof(env, caller, &type));
  const std::string op = type == napi_undefined ? found->name : string_of(env, caller);
  Resolved& table = resolved();
  std::lock_guard<std::mutex> lock(table.mutex);
  for (size_t i = 0; i < table.kernels.size(); ++i) {
    if (table.kernels[i].record == found && table.kernels[i].op == op)
      return number(env, static_cast<double>(i));
  }
  table.kernels.push_back({found, op});
  return number(env, static_cast<double>(table.kernels.size() - 1));
}

napi_value kernels(napi_env env, napi_callback_info) {
  return list(env, all_kernels());
}

napi_value load_kernels(napi_env env, napi_callback_info info) {
  return list(env, load_library(string_of(env, arguments<1>(env, info)[0])));
}

// memory(device): what the process has there.
napi_value memory(napi_env env, napi_callback_info info) {
  const MemoryStats stats = memory_stats(device_of(env, arguments<1>(env, info)[0]));
  napi_value object;
  check(env, napi_create_object(env, &object));
  set(env, object, "liveBytes", number(env, static_cast<double>(stats.live_bytes)));
  set(env, object, "liveBuffers", number(env, static_cast<double>(stats.live_buffers)));
  set(env, object, "pooledBytes", number(env, static_cast<double>(stats.pooled_bytes)));
  set(env, object, "pooledBuffers", number(env, static_cast<double>(stats.pooled_buffers)));
  set(env, object, "limitBytes", number(env, static_cast<double>(stats.limit_bytes)));
  return object;
}

// threads(count?): sets the number when given; returns the number in force.
napi_value thread_count(napi_env env, napi_callback_info info) {
  const napi_value wanted = arguments<1>(env, info)[0];
  napi_valuetype type;
  check(env, napi_typeof(env, wanted, &type));
  if (type == napi_number) set_threads(small_integer(env, wanted));
  return number(env, threads());
}

// precision(lb_precision): how calls from now on compute products of matrices, on devices that have a choice.
napi_value set_precision(napi_env env, napi_callback_info info) {
  const int precision = small_integer(env, arguments<1>(env, info)[0]);
  if (precision > LB_PRECISION_bfloat16)
    throw BindingError("precision: expected 0, 1 or 2, received another number");
  environment_of(env).precision = precision;
  return nullptr;
}

napi_value system_info(napi_env env, napi_callback_info) {
  napi_value object;
  check(env, napi_create_object(env, &object));
  set(env, object, "isa", text(env, isa_name(chosen_isa())));
  set(env, object, "cpuFeatures", text(env, cpu_features()));
  set(env, object, "threads", number(env, threads()));
  set(env, object, "abi",
      text(env, std::to_string(LANDBRIDGE_ABI_MAJOR) + "." + std::to_string(LANDBRIDGE_ABI_MINOR)));
  return object;
}

}  // namespace lb
