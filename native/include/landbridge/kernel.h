// The public kernel API of landbridge: all that a kernel author includes.
//
//   #include <landbridge/kernel.h>
//   LANDBRIDGE_KERNEL(scale, cpu, float32) {
//     const float* x = call.in(0).as<float>();
//     float* y = call.out(0).as<float>();
//     const float factor = call.param(0);
//     call.parallel_for(call.out(0).count, 4096, [=](int64_t begin, int64_t end) {
//       for (int64_t i = begin; i < end; ++i) y[i] = factor * x[i];
//     });
//   }
//
// Built to a shared library with  g++ -std=c++20 -O3 -shared -fPIC -I <include> scale.cc -o scale.so  and
// loaded with `loadKernels('./scale.so')`. The first part of this file is a versioned C ABI; the second a
// thin C++ layer with internal linkage, so that code compiled for one instruction set never serves another.
#ifndef LANDBRIDGE_KERNEL_H_
#define LANDBRIDGE_KERNEL_H_

#include <stddef.h>
#include <stdint.h>

// A library is refused when its major version differs from the host's; minor versions only add fields at the
// end.
#define LANDBRIDGE_ABI_MAJOR 1
#define LANDBRIDGE_ABI_MINOR 1
#define LANDBRIDGE_MAX_RANK 8

extern "C" {

enum lb_dtype {
  LB_DTYPE_any = -1,  // for kernels that move elements without reading them
  LB_DTYPE_float32 = 0,
  LB_DTYPE_int32 = 1,
  LB_DTYPE_uint8 = 2,
  LB_DTYPE_bool = 3,
  LB_DTYPE_float64 = 4,  // 4 and above are reserved
  LB_DTYPE_int64 = 5,
  LB_DTYPE_bfloat16 = 6,
  LB_DTYPE_float16 = 7,
};

enum lb_device { LB_DEVICE_cpu = 0, LB_DEVICE_cuda = 1, LB_DEVICE_cuda_emulated = 2 };

enum lb_isa { LB_ISA_baseline = 0, LB_ISA_avx2 = 1, LB_ISA_avx512 = 2 };

// strided: inputs arrive expanded to the shape of the first output, with stride 0 along broadcast axes.
// Without it, every input and output is contiguous and row-major.
enum lb_flag { LB_FLAG_ = 0, LB_FLAG_strided = 1 };

// One tensor as a kernel sees it. Strides count elements. An absent tensor has data == NULL and rank == -1.
struct lb_view {
  void* data;
  int64_t count;
  int64_t shape[LANDBRIDGE_MAX_RANK];
  int64_t strides[LANDBRIDGE_MAX_RANK];
  int32_t dtype;
  int32_t rank;
};

enum lb_activation { LB_ACTIVATION_none = 0, LB_ACTIVATION_relu = 1 };

// C[m,n] = activation(op(A)[m,k] · op(B)[k,n] + C·accumulate + bias[n]); all row-major float32.
struct lb_gemm {
  int64_t m, n, k;
  const float* a;
  const float* b;
  float* c;
  const float* bias;      // NULL: none
  int64_t lda, ldb, ldc;  // distance of two rows as stored
  int32_t transpose_a;    // A is stored [k,m]
  int32_t transpose_b;    // B is stored [n,k]
  int32_t accumulate;     // add to what C holds
  int32_t activation;     // an lb_activation
};

// How products of float32 matrices are computed; a CPU always computes in float32. Sums are float32 in all of
// them.
enum lb_precision { LB_PRECISION_float32 = 0, LB_PRECISION_tf32 = 1, LB_PRECISION_bfloat16 = 2 };

struct lb_call;

// Where a kernel on a device tells what it found: the first that changes the 64-bit word from 0 to
// code << 32 | value is heard.
struct lb_report {
  void* word;
  uint32_t code;
};

// What the host offers a running kernel.
struct lb_host {
  uint32_t size;
  uint32_t abi_major, abi_minor;
  // Runs body(context, begin, end) over [0, count) in chunks of `grain` (the last may be shorter), spread
  // over the thread pool. Chunk boundaries depend on count and grain only, never on the number of threads.
  // When the environment ends meanwhile, remaining chunks are not run: never use as an address or a loop
  // bound what only a chunk has written.
  void (*parallel_for)(lb_call*, int64_t count, int64_t grain, void (*body)(void*, int64_t, int64_t),
                       void* context);
  // 64-byte aligned scratch memory, valid until the kernel returns; NULL (and the call failed) when memory is
  // out.
  void* (*workspace)(lb_call*, size_t bytes);
  void (*gemm)(lb_call*, const lb_gemm*);
  // Marks the call as failed: its outputs are poisoned, and whoever reads them receives this sentence. An
  // output that replaces an input is not poisoned: it keeps what it holds, so check before the first write.
  void (*fail)(lb_call*, const char* message);
  // For mistakes that only a device's kernel can see, such as an index out of range: reads after the call
  // reject with `message`, with the word's value in place of "%d". Kept until the stream ends: pass few
  // messages.
  lb_report (*report)(lb_call*, const char* message);
};

struct lb_call {
  uint32_t size;
  int32_t isa;
  int32_t input_count, output_count, param_count;
  const lb_view* inputs;
  const lb_view* outputs;
  const double* params;  // in the order in which the op declares them
  const lb_host* host;
  void* stream;       // the device's stream (CUDA: cudaStream_t); NULL on the CPU
  void* state;        // the host's own
  int32_t precision;  // an lb_precision
};

struct lb_kernel_record {
  uint32_t size;
  int32_t device, dtype, isa, flags;
  const char* name;
  void (*run)(lb_call*);
};

struct lb_library {
  uint32_t size;
  uint32_t abi_major, abi_minor;
  const lb_kernel_record* const* begin;
  const lb_kernel_record* const* end;
};

}  // extern "C"

// ---- the C++ layer ----

namespace landbridge {
namespace {

struct View : lb_view {
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  explicit operator bool() const { return data != nullptr; }
  // The size of axis `axis`; negative axes count from the end.
  int64_t dim(int axis) const { return shape[axis < 0 ? axis + rank : axis]; }
};

struct Call : lb_call {
  // An index past the end gives an absent view, so that optional trailing tensors need no counting.
  const View& in(int index) const { return at(inputs, index, input_count); }
  const View& out(int index) const { return at(outputs, index, output_count); }
  double param(int index) const { return index < param_count ? params[index] : 0.0; }
  int64_t integer(int index) const { return static_cast<int64_t>(param(index)); }
  bool flag(int index) const { return param(index) != 0.0; }

  // Calls f(begin, end) over [0, count) in chunks of `grain` elements on the thread pool. Where exceptions
  // are on, one thrown by f fails the call: chunks run on the host's threads, which it must not reach.
  template <class F>
  void parallel_for(int64_t count, int64_t grain, const F& f) {
    struct Loop {
      Call* call;
      const F* f;
    } loop{this, &f};
    auto body = [](void* context, int64_t begin, int64_t end) {
      const Loop& l = *static_cast<const Loop*>(context);
#ifdef __cpp_exceptions
      try {
        (*l.f)(begin, end);
      } catch (...) {
        l.call->fail("the kernel threw a C++ exception");
      }
#else
      (*l.f)(begin, end);
#endif
    };
    host->parallel_for(this, count, grain, body, &loop);
  }

  template <class T>
  T* workspace(int64_t count) {
    const bool fits = count >= 0 && static_cast<uint64_t>(count) <= INT64_MAX / sizeof(T);
    return static_cast<T*>(host->workspace(this, fits ? static_cast<size_t>(count) * sizeof(T) : SIZE_MAX));
  }

  void gemm(const lb_gemm& product) {
    host->gemm(this, &product);
  }
  void fail(const char* message) {
    host->fail(this, message);
  }

 private:
  static const View& at(const lb_view* views, int index, int count) {
    static constexpr View absent{{nullptr, 0, {}, {}, LB_DTYPE_float32, -1}};
    return index < count ? static_cast<const View&>(views[index]) : absent;
  }
};

}  // namespace
}  // namespace landbridge

// Fails the call and leaves the kernel when `condition` does not hold: the one check that kernels use.
#define LANDBRIDGE_REQUIRE(condition, message) \
  do {                                         \
    if (!(condition)) {                        \
      call.fail(message);                      \
      return;                                  \
    }                                          \
  } while (0)

#ifndef LANDBRIDGE_ISA  // set by the build of the built-in kernels, one object per instruction set
  #define LANDBRIDGE_ISA LB_ISA_baseline
#endif

#ifdef LANDBRIDGE_CUDA_EMULATED  // CUDA sources compiled for the host, for tests without a GPU
  #define LB_TARGET_cuda LB_DEVICE_cuda_emulated
#else
  #define LB_TARGET_cuda LB_DEVICE_cuda
#endif
#define LB_TARGET_cpu LB_DEVICE_cpu

#ifdef __APPLE__
  #define LB_SECTION "__DATA,lb_kernels"
  #define LB_SECTION_SYMBOL(which) __asm("section$" which "$__DATA$lb_kernels")
#else
  #define LB_SECTION "lb_kernels"
  #define LB_SECTION_SYMBOL(which)
#endif

// A kernel may be compiled with exceptions; none leaves it.
#ifdef __cpp_exceptions
  #define LB_GUARD_BEGIN try {
  #define LB_GUARD_END                                            \
    }                                                             \
    catch (...) {                                                 \
      call->host->fail(call, "the kernel threw a C++ exception"); \
    }
#else
  #define LB_GUARD_BEGIN
  #define LB_GUARD_END
#endif

// Defines the kernel `name` for a device (cpu, cuda) and the dtype of its first tensor (float32, int32,
// uint8, bool, any), optionally with a flag (strided). Registration runs no code: a pointer to a constant
// record is placed in a linker section, which the host walks.
#define LANDBRIDGE_KERNEL(kernel, device_, dtype_, ...)                                                   \
  static void lb_body_##kernel##_##dtype_(::landbridge::Call& call);                                      \
  static void lb_run_##kernel##_##dtype_(lb_call* call) noexcept {                                        \
    LB_GUARD_BEGIN lb_body_##kernel##_##dtype_(*static_cast<::landbridge::Call*>(call));                  \
    LB_GUARD_END                                                                                          \
  }                                                                                                       \
  static constinit const lb_kernel_record lb_record_##kernel##_##dtype_ = {                               \
      sizeof(lb_kernel_record),  LB_TARGET_##device_,                                                     \
      LB_DTYPE_##dtype_,         LANDBRIDGE_ISA,                                                          \
      LB_FLAG_##__VA_ARGS__,     #kernel,                                                                 \
      lb_run_##kernel##_##dtype_};                                                                        \
  __attribute__((                                                                                         \
      used, section(LB_SECTION))) static constinit const lb_kernel_record* lb_entry_##kernel##_##dtype_ = \
      &lb_record_##kernel##_##dtype_;                                                                     \
  static void lb_body_##kernel##_##dtype_([[maybe_unused]] ::landbridge::Call& call)

#ifndef LANDBRIDGE_BUILTIN
extern "C" {
// Named by the linker: the bounds of this library's own records (hidden, so that libraries cannot mix them
// up).
extern __attribute__((visibility("hidden")))
const lb_kernel_record* __start_lb_kernels[] LB_SECTION_SYMBOL("start");
extern __attribute__((visibility("hidden")))
const lb_kernel_record* __stop_lb_kernels[] LB_SECTION_SYMBOL("end");

// What loadKernels looks for.
__attribute__((weak, visibility("default"))) const lb_library* landbridge_library(const lb_host*) {
  static constinit const lb_library library = {sizeof(lb_library), LANDBRIDGE_ABI_MAJOR, LANDBRIDGE_ABI_MINOR,
                                               __start_lb_kernels, __stop_lb_kernels};
  return &library;
}
}
#endif

#endif  // LANDBRIDGE_KERNEL_H_
