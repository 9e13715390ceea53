// Kernels of the emulated device, for tests of the runtime, and one of the CPU that orders its failures.
#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cuda/elementwise.h"

namespace {

using landbridge::cuda::global;
using landbridge::cuda::Global;

// Of landbridge_emulation in the library that the test has opened (LIBRARY, by the compiler's command line).
int64_t emulation(const char* number, int64_t value) {
  using Control = int64_t (*)(const char*, int64_t);
  static void* const library = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);
  return reinterpret_cast<Control>(dlsym(library, "landbridge_emulation"))(number, value);
}

constexpr const char* kNumbers[] = {"allocations",
                                    "bytes",
                                    "host bytes",
                                    "fail allocations",
                                    "break",
                                    "milliseconds per event",
                                    "refuse to begin",
                                    "invalidate captures",
                                    "graphs made",
                                    "graph launches",
                                    "marks"};

// As a library's static object that its kernels use.
struct Ending {
  std::atomic<bool> over{false};
  ~Ending() {
    over = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
} ending;

}  // namespace

// Sets one of the numbers (where the second param is not negative) and gives what it was.
LANDBRIDGE_KERNEL(emulation, cpu, float32) {
  *call.out(0).as<float>() = static_cast<float>(emulation(kNumbers[call.integer(0)], call.integer(1)));
}

// y = 10 x + digit; also in place.
LANDBRIDGE_KERNEL(device_append, cuda, float32) {
  const auto x = global<const float>(call.in(0));
  const auto y = global<float>(call.out(0));
  const auto digit = static_cast<float>(call.param(0));
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { y[i] = 10 * x[i] + digit; });
}

// The target (input 0) plus input 1.
LANDBRIDGE_KERNEL(device_add_to, cuda, float32) {
  const auto a = global<const float>(call.in(0)), b = global<const float>(call.in(1));
  const auto y = global<float>(call.out(0));
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { y[i] = a[i] + b[i]; });
}

LANDBRIDGE_KERNEL(device_report, cuda, float32) {
  const auto x = global<const float>(call.in(0));
  const auto y = global<float>(call.out(0));
  const landbridge::cuda::Report report =
      landbridge::cuda::report(call, "expected 100 % of values ≥ 0, received %d");
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) {
    if (x[i] < 0) report.fail(static_cast<int>(x[i]));
    y[i] = x[i];
  });
}

// y = x, by way of scratch memory of param 0 floats.
LANDBRIDGE_KERNEL(device_scratch, cuda, float32) {
  const int64_t count = call.out(0).count;
  const auto between = landbridge::cuda::scratch<float>(call, call.integer(0));
  if (!between) return;
  const auto x = global<const float>(call.in(0));
  const auto y = global<float>(call.out(0));
  landbridge::cuda::each(call, count, [=] __device__(int64_t i) { between[i] = x[i]; });
  landbridge::cuda::each(call, count, [=] __device__(int64_t i) { y[i] = between[i]; });
}

// Also tells the driver's precision, as bits of y: for tests of what a job receives.
LANDBRIDGE_KERNEL(device_precision, cuda, float32) {
  const auto y = global<float>(call.out(0));
  const auto precision = static_cast<float>(call.precision);
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { y[i] = precision; });
}

LANDBRIDGE_KERNEL(device_fail, cuda, float32) {
  call.fail("on purpose");
}

// Writes past its output: the emulation's checks tell.
LANDBRIDGE_KERNEL(device_overrun, cuda, float32) {
  const auto y = global<float>(call.out(0));
  landbridge::cuda::each(call, call.out(0).count + 1, [=] __device__(int64_t i) { y[i] = 0; });
}

LANDBRIDGE_KERNEL(device_sleep, cuda, float32) {
  std::this_thread::sleep_for(std::chrono::milliseconds(call.integer(0)));
  const auto x = global<const float>(call.in(0));
  const auto y = global<float>(call.out(0));
  landbridge::cuda::each(call, call.out(0).count, [=] __device__(int64_t i) { y[i] = x[i]; });
}

// Tells when it runs though the library's static objects are gone.
LANDBRIDGE_KERNEL(device_alive, cuda, float32) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (ending.over) std::fputs("a kernel ran after the process had ended\n", stderr);
}

// Counts itself when it is issued.
LANDBRIDGE_KERNEL(device_mark, cuda, float32) {
  emulation("marks", emulation("marks", -1) + 1);
}
