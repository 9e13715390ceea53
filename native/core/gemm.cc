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
extern "C" void* lb_gemm_scratch(int slot, size_t bytes) {
  struct Free {
    void operator()(void* data) const { std::free(data); }
  };
  constexpr int kSlots = 4;
  static thread_local std::unique_ptr<void, Free> panels[kSlots];
  static thread_local size_t sizes[kSlots] = {};
  if (sizes[slot] < bytes) {
    panels[slot].reset();  // before the new block: never both at once
    panels[slot].reset(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    sizes[slot] = panels[slot] == nullptr ? 0 : bytes;
  }
  return panels[slot].get();
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
