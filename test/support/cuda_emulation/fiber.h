// Fibers: stacks of their own that one thread of the system switches between, in a few instructions and without a
// system call. AddressSanitizer is told of every switch.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
  #include <sanitizer/asan_interface.h>
  #include <sanitizer/common_interface_defs.h>
#endif

// Pushes what a call must preserve, stores the stack pointer in *save, goes on at `to`.
extern "C" __attribute__((visibility("hidden"))) void lb_emulation_switch(void** save, void* to);
#if defined(__x86_64__)
  #define LB_SWITCH                                                            \
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n" \
    "movq %rsp, (%rdi)\nmovq %rsi, %rsp\n"                                     \
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n"
#elif defined(__aarch64__)
  #define LB_REGISTERS(op)                                                                                            \
    op " x19, x20, [sp]\n" op " x21, x22, [sp, #16]\n" op " x23, x24, [sp, #32]\n" op " x25, x26, [sp, #48]\n" op     \
       " x27, x28, [sp, #64]\n" op " x29, x30, [sp, #80]\n" op " d8, d9, [sp, #96]\n" op " d10, d11, [sp, #112]\n" op \
       " d12, d13, [sp, #128]\n" op " d14, d15, [sp, #144]\n"
  #define LB_SWITCH                                                                                 \
    "sub sp, sp, #160\n" LB_REGISTERS("stp") "mov x9, sp\nstr x9, [x0]\nmov sp, x1\n" LB_REGISTERS( \
        "ldp") "add sp, sp, #160\nret\n"
#else
  #error "The emulation of CUDA knows x86-64 and aarch64 only."
#endif
__asm__(".pushsection .text\nlb_emulation_switch:\n" LB_SWITCH ".popsection\n");

namespace landbridge::cuda::emulated {

// Where a stack lies, and where the fiber on it goes on; `base` is null for the stack of the system's thread.
struct Fiber {
  void* context = nullptr;
  const void* base = nullptr;
  size_t bytes = 0;
};

constexpr size_t kPage = 4096, kStack = 17 * 4 * kPage;

// A page that nobody may touch ends each stack. Their tops are spread over the cache's sets.
inline Fiber* new_fiber(size_t number) {
  char* base = static_cast<char*>(
      mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (base == MAP_FAILED) throw std::bad_alloc();
  mprotect(base, kPage, PROT_NONE);
  return new Fiber{nullptr, base, kStack - number % 16 * 256};
}

// The fiber's next switch enters `entry`, which never returns.
inline void prepare(Fiber& fiber, void (*entry)()) {
  char* top = static_cast<char*>(const_cast<void*>(fiber.base)) + fiber.bytes;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(const_cast<char*>(top) - fiber.bytes + kPage, fiber.bytes - kPage);
#endif
#if defined(__x86_64__)
  constexpr int kWords = 8, kEntry = 6;  // six registers, the return address, its caller's: none
#else
  constexpr int kWords = 20, kEntry = 11;  // x30
#endif
  void** const at = reinterpret_cast<void**>(top) - kWords;
  memset(at, 0, kWords * sizeof(void*));
  at[kEntry] = reinterpret_cast<void*>(entry);
  fiber.context = at;
}

// `ends`: nobody will come back to `from`.
inline void switch_fiber(Fiber& from, Fiber& to, [[maybe_unused]] bool ends = false) {
#ifdef __SANITIZE_ADDRESS__
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(ends ? nullptr : &fake, to.base, to.bytes);
  lb_emulation_switch(&from.context, to.context);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
  lb_emulation_switch(&from.context, to.context);
#endif
}

// First thing on a fresh fiber; `main` learns where the stack of the system's thread lies.
inline void entered([[maybe_unused]] Fiber& main) {
#ifdef __SANITIZE_ADDRESS__
  const void* base;
  size_t bytes;
  __sanitizer_finish_switch_fiber(nullptr, &base, &bytes);
  if (main.base == nullptr) main.base = base, main.bytes = bytes;
#endif
}

}  // namespace landbridge::cuda::emulated
