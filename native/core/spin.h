// Waiting for a moment without sleeping: waking a thread costs both sides microseconds.
#pragma once

#include <chrono>

namespace lb {

// Long enough to bridge the gap between two calls from JavaScript, short enough not to burn an idle core.
constexpr auto kSpin = std::chrono::microseconds(20);

// Tells the CPU that this is a waiting loop: it saves power, and leaves the core to a sibling thread.
inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Whether `done()` came true in time. Looks at the clock now and then only: reading it takes longer than a
// pause.
template <class Done>
bool spin_until(const Done& done, std::chrono::steady_clock::duration limit = kSpin) {
  if (done()) return true;
  const auto until = std::chrono::steady_clock::now() + limit;
  do {
    for (int turn = 0; turn < 16; ++turn) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < until);
  return done();
}

}  // namespace lb
