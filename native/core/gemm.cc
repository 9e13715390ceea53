#include "gemm.h"

#include <cstdlib>
#include <memory>

#include "isa.h"

extern "C" {
void lb_gemm_isa_0(lb_call*, const lb_gemm*);
#if defined(__x86_64__)
void lb_gemm_isa_1(lb_call*, const lb_gemm*);
void lb_gemm_isa_2(lb_call*, const lb_gemm*);
#endif
}

// Panels live as long as the thread: products called in a loop from inside a chunk must not each take new
// memory.
extern "C" void* lb_gemm_scratch(size_t bytes) {
  struct Free {
    void operator()(void* data) const { std::free(data); }
  };
  static thread_local std::unique_ptr<void, Free> panels;
  static thread_local size_t size = 0;
  if (size < bytes) {
    panels.reset(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    size = panels == nullptr ? 0 : bytes;
  }
  return panels.get();
}

namespace lb {

void host_gemm(lb_call* call, const lb_gemm* product) {
#if defined(__x86_64__)
  static constexpr decltype(&lb_gemm_isa_0) kLevels[] = {lb_gemm_isa_0, lb_gemm_isa_1, lb_gemm_isa_2};
  kLevels[chosen_isa()](call, product);
#else
  lb_gemm_isa_0(call, product);
#endif
}

}  // namespace lb
