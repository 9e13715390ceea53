// Results past the cache: a store to memory that is not in the cache first reads it, a third of the traffic
// of a sum. Where the output is larger than any last-level cache, so that none of it would stay there, rows
// are made in a small buffer and go to memory with non-temporal stores, which read nothing.
#pragma once

#include "landbridge/kernel.h"
#include "simd.h"
#if defined(__SSE2__)
  #include <emmintrin.h>
#endif

namespace lb {
namespace {

constexpr int64_t kPastCache = int64_t{32} << 20;  // bytes
constexpr int64_t kWriteBlock = 4096;              // bytes of buffer: well within the first-level cache

// Whether an output is to go past the cache.
inline bool past_cache(const landbridge::View& out, int64_t bytes_per_element) {
#if defined(__SSE2__)
  return out.count * bytes_per_element > kPastCache;
#else
  (void)out, (void)bytes_per_element;
  return false;
#endif
}

// Copies whole cache lines to an aligned place, past the cache.
LB_INLINE void write_lines(void* to, const void* from, int64_t bytes) {
#if defined(__AVX512F__)
  for (int64_t i = 0; i < bytes; i += 64) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(static_cast<char*>(to) + i),
                        _mm512_loadu_si512(static_cast<const char*>(from) + i));
  }
#elif defined(__AVX2__)
  for (int64_t i = 0; i < bytes; i += 32) {
    _mm256_stream_si256(
        reinterpret_cast<__m256i*>(static_cast<char*>(to) + i),
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(static_cast<const char*>(from) + i)));
  }
#elif defined(__SSE2__)
  for (int64_t i = 0; i < bytes; i += 16) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(static_cast<char*>(to) + i),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(static_cast<const char*>(from) + i)));
  }
#else
  __builtin_memcpy(to, from, static_cast<size_t>(bytes));
#endif
}

// To be called at the end of a chunk that wrote past the cache: who reads the output next may be another
// core.
LB_INLINE void write_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// Calls make(target, from, count) for pieces of [0, count): it computes the elements from `from` on into
// target[0, count), which is out + from itself unless the output goes past the cache.
template <class T, class F>
LB_INLINE void write_out(T* out, int64_t count, bool past, const F& make) {
  constexpr int64_t block = kWriteBlock / static_cast<int64_t>(sizeof(T));
  if (!past || reinterpret_cast<uintptr_t>(out) % 64 != 0) return make(out, 0, count);
  alignas(64) T buffer[block];
  int64_t at = 0;
  for (; at + block <= count; at += block) {
    make(buffer, at, block);
    write_lines(out + at, buffer, kWriteBlock);
  }
  if (at < count) make(out + at, at, count - at);
  write_fence();
}

// Calls make(target, row) for `rows` rows of `size` floats, likewise: whole rows are made in the buffer where
// several fit and a set of them is whole cache lines.
template <class F>
LB_INLINE void write_rows(float* out, int64_t rows, int64_t size, bool past, const F& make) {
  constexpr int64_t block = kWriteBlock / static_cast<int64_t>(sizeof(float));
  const int64_t set = size > 0 ? block / size : 0;
  int64_t row = 0;
  if (past && set > 0 && set * size % 16 == 0 && reinterpret_cast<uintptr_t>(out) % 64 == 0) {
    alignas(64) float buffer[block];
    for (; row + set <= rows; row += set) {
      for (int64_t i = 0; i < set; ++i) make(buffer + i * size, row + i);
      write_lines(out + row * size, buffer, set * size * static_cast<int64_t>(sizeof(float)));
    }
    write_fence();
  }
  for (; row < rows; ++row) make(out + row * size, row);
}

}  // namespace
}  // namespace lb
