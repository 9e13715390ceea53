// Kernels that misbehave on request, for tests of the engine; built by test/support/kernels.ts.
#include <landbridge/kernel.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace {

void copy(const landbridge::View& from, const landbridge::View& to) {
  if (to.count > 0) std::memcpy(to.data, from.data, static_cast<size_t>(to.count) * sizeof(float));
}

}  // namespace

LANDBRIDGE_KERNEL(test_fail, cpu, float32) {
  call.fail("on purpose");
}

// copies its input, unless the parameter says to fail
LANDBRIDGE_KERNEL(test_fail_if, cpu, float32) {
  LANDBRIDGE_REQUIRE(!call.flag(0), "as asked");
  copy(call.in(0), call.out(0));
}

// overwrites all of its output before it fails
LANDBRIDGE_KERNEL(test_fail_late, cpu, float32) {
  for (int64_t i = 0; i < call.out(0).count; ++i) call.out(0).as<float>()[i] = -1;
  call.fail("too late");
}

// waits for some milliseconds, then copies as much of its input as the output holds
LANDBRIDGE_KERNEL(test_sleep, cpu, float32) {
  std::this_thread::sleep_for(std::chrono::microseconds(static_cast<int64_t>(call.param(0) * 1000)));
  if (call.out(0).count <= call.in(0).count) copy(call.in(0), call.out(0));
}

LANDBRIDGE_KERNEL(test_throw, cpu, float32) {
  throw std::runtime_error("never seen");
}

LANDBRIDGE_KERNEL(test_throw_in_chunk, cpu, float32) {
  call.parallel_for(64, 1, [](int64_t begin, int64_t) {
    if (begin % 2 == 1) throw std::runtime_error("never seen");
  });
}

// y = 10 x + parameter: shows the order of execution
LANDBRIDGE_KERNEL(test_append, cpu, float32) {
  for (int64_t i = 0; i < call.out(0).count; ++i) {
    call.out(0).as<float>()[i] = 10 * call.in(0).as<float>()[i] + static_cast<float>(call.param(0));
  }
}

// y = a + b, meant to be in place of a
LANDBRIDGE_KERNEL(test_add_to, cpu, float32) {
  for (int64_t i = 0; i < call.out(0).count; ++i) {
    call.out(0).as<float>()[i] = call.in(0).as<float>()[i] + call.in(1).as<float>()[i];
  }
}

// both inputs exchanged, meant to be in place
LANDBRIDGE_KERNEL(test_swap, cpu, float32) {
  for (int64_t i = 0; i < call.out(0).count; ++i) {
    const float a = call.in(0).as<float>()[i], b = call.in(1).as<float>()[i];
    call.out(0).as<float>()[i] = b;
    call.out(1).as<float>()[i] = a;
  }
}

// output 0: input 0 read through its strides; output 1: those strides
LANDBRIDGE_KERNEL(test_strided, cpu, float32, strided) {
  const landbridge::View &x = call.in(0), &y = call.out(0);
  for (int64_t i = 0; i < y.count; ++i) {
    int64_t rest = i, at = 0;
    for (int axis = y.rank - 1; axis >= 0; --axis) {
      at += rest % y.shape[axis] * x.strides[axis];
      rest /= y.shape[axis];
    }
    y.as<float>()[i] = x.as<float>()[at];
  }
  for (int axis = 0; axis < x.rank; ++axis) {
    call.out(1).as<float>()[axis] = static_cast<float>(x.strides[axis]);
  }
}

// two workspaces of as many floats as the parameter says, filled differently: the output tells whether they
// are apart and aligned
LANDBRIDGE_KERNEL(test_workspace, cpu, float32) {
  const int64_t count = call.integer(0);
  float* a = call.workspace<float>(count);
  float* b = call.workspace<float>(count);
  if (a == nullptr || b == nullptr) return;
  for (int64_t i = 0; i < count; ++i) a[i] = 1;
  for (int64_t i = 0; i < count; ++i) b[i] = 2;
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i];
  const bool aligned = reinterpret_cast<uintptr_t>(a) % 64 == 0 && reinterpret_cast<uintptr_t>(b) % 64 == 0;
  call.out(0).as<float>()[0] = aligned ? sum : -1;
}

// what the call says about itself: inputs, outputs, parameters, presence of input 0 and 1, of output 1
LANDBRIDGE_KERNEL(test_probe, cpu, any) {
  const double facts[] = {static_cast<double>(call.input_count),
                          static_cast<double>(call.output_count),
                          static_cast<double>(call.param_count),
                          call.in(0) ? 1.0 : 0.0,
                          call.in(1) ? 1.0 : 0.0,
                          call.out(1) ? 1.0 : 0.0};
  for (int i = 0; i < 6; ++i) call.out(0).as<float>()[i] = static_cast<float>(facts[i]);
}
