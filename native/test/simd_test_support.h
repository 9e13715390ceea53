// Counting checks, and random numbers that are the same everywhere.
#pragma once
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

int passed = 0, failed = 0;

[[gnu::format(printf, 2, 3)]] inline void check(bool ok, const char* format, ...) {
  if (ok) {
    passed++;
    return;
  }
  if (++failed > 40) return;  // the first failures tell enough
  va_list args;
  va_start(args, format);
  printf("FAILED: ");
  vprintf(format, args);
  printf("\n");
  va_end(args);
}

// xorshift64* (Vigna 2016).
inline uint64_t random_bits() {
  static uint64_t state = 88172645463325252u;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 2685821657736338717u;
}
inline double random_in(double low, double high) {
  return low + (high - low) * (double)(random_bits() >> 11) * 0x1p-53;
}

}  // namespace
