// Runs kernels outside of landbridge: a host that has just what a call needs, for tests of the CUDA sources'
// host twins.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "landbridge/kernel.h"

namespace test {
namespace {

inline int passed = 0, failed = 0;
inline void check(bool condition, const std::string& what) {
  ++(condition ? passed : failed);
  if (!condition) printf("FAILED: %s\n", what.c_str());
}

inline std::string message;        // why the last call failed
inline std::vector<void*> blocks;  // its workspace

inline void* workspace(lb_call*, size_t bytes) {
  blocks.push_back(aligned_alloc(64, (bytes + 64) / 64 * 64));
  return blocks.back();
}
inline void fail(lb_call*, const char* sentence) {
  if (message.empty()) message = sentence;
}
inline lb_report report(lb_call*, const char*) {
  static uint64_t word;
  return {&word, 1};
}
constexpr lb_host kHost{
    sizeof(lb_host), LANDBRIDGE_ABI_MAJOR, LANDBRIDGE_ABI_MINOR, nullptr, workspace, nullptr, fail, report};

// A tensor of floats whose bytes end where its allocation ends, so that sanitizers see what lies beyond.
struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> data;

  Tensor() = default;
  explicit Tensor(std::vector<int64_t> s) : shape(std::move(s)) {
    size_t count = 1;
    for (const int64_t size : shape) count *= static_cast<size_t>(size);
    data.assign(count, 0.0f);
  }
  bool absent() const { return shape.empty(); }
  lb_view view() const {
    lb_view v{};
    if (absent()) return v.rank = -1, v;
    v.data = const_cast<float*>(data.data());
    v.count = static_cast<int64_t>(data.size());
    v.rank = static_cast<int32_t>(shape.size());
    int64_t stride = 1;
    for (int axis = v.rank - 1; axis >= 0; --axis) {
      v.shape[axis] = shape[static_cast<size_t>(axis)];
      v.strides[axis] = stride;
      stride *= v.shape[axis];
    }
    return v;
  }
};

inline std::mt19937 random_bits{7};
inline Tensor random_tensor(std::vector<int64_t> shape) {
  Tensor t(std::move(shape));
  std::normal_distribution<float> normal;
  for (float& x : t.data) x = normal(random_bits);
  return t;
}

// Runs body(call), e.g. one of the kernels below, and returns why it failed.
inline std::string with_call(const std::vector<lb_view>& inputs, const std::vector<lb_view>& outputs,
                             const std::vector<double>& params, int precision,
                             const std::function<void(lb_call&)>& body) {
  lb_call call{};
  call.size = sizeof(lb_call);
  call.input_count = static_cast<int32_t>(inputs.size()),
  call.output_count = static_cast<int32_t>(outputs.size());
  call.param_count = static_cast<int32_t>(params.size());
  call.inputs = inputs.data(), call.outputs = outputs.data(), call.params = params.data();
  call.host = &kHost;
  call.precision = precision;
  message.clear();
  body(call);
  for (void* block : blocks) free(block);
  blocks.clear();
  return message;
}

// Runs a registered kernel.
inline std::string run(const std::string& name, const std::vector<const Tensor*>& inputs,
                       const std::vector<Tensor*>& outputs, const std::vector<double>& params,
                       int precision = 0) {
  std::vector<lb_view> in, out;
  for (const Tensor* t : inputs) in.push_back(t->view());
  for (const Tensor* t : outputs) out.push_back(t->view());
  for (const lb_kernel_record* const* record = __start_lb_kernels; record != __stop_lb_kernels; ++record) {
    if (name == (*record)->name)
      return with_call(in, out, params, precision, [&](lb_call& call) { (*record)->run(&call); });
  }
  return "no such kernel";
}

// What the stand-ins for NVIDIA's libraries have computed (fake_cublaslt.cc, fake_cudnn.cc); 0 where none was
// opened.
inline int library_products() {
  const char* folder = getenv("LANDBRIDGE_CUDA_LIBRARY_PATH");
  int all = 0;
  for (const char* name : {"/libcublasLt.so.13", "/libcudnn.so.9"}) {
    void* library =
        folder == nullptr ? nullptr : dlopen((std::string(folder) + name).c_str(), RTLD_NOW | RTLD_NOLOAD);
    const void* count = library == nullptr ? nullptr : dlsym(library, "lb_fake_products");
    if (count != nullptr) all += *static_cast<const int*>(count);
  }
  return all;
}

// The last line of a test program, and what it returns.
inline int finish() {
  printf("%d passed, %d failed, %d calls of libraries\n", passed, failed, library_products());
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace test
