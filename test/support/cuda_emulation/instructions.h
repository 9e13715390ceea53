// Special instructions, as landbridge/cuda/instructions.h names them for the device. Each takes, unseen, the place
// where it is called, so that threads that meet at different places are found.
#pragma once

#include "memory.h"

namespace landbridge::cuda {
namespace {

using emulated::Site;

inline int own_lane() { return static_cast<int>(emulated::now.thread % kWarp); }
inline emulated::Warp& own_warp() { return emulated::now.warps[emulated::now.warp]; }
inline emulated::Exchange& own_exchange() { return own_warp().exchange[own_warp().parity]; }
inline emulated::Thread& own_thread() { return emulated::now.threads[emulated::now.thread]; }

inline void sync_block(Site site = Site::current()) { emulated::wait_for_block(site); }

// The only one of the warp's instructions that orders its accesses to memory.
inline void sync_warp(Site site = Site::current()) {
  if (emulated::wait_for_warp("sync_warp", site)) own_warp().epoch = ++emulated::now.clock;
  emulated::enter(emulated::now.thread);
}

// Hands `value` to the others; returns that of `lane`.
template <class T>
T exchange_word(T value, int lane, const char* what, const Site& site) {
  static_assert(sizeof(T) <= 8 && std::is_arithmetic_v<T>);
  emulated::Exchange& exchange = own_exchange();
  memcpy(&exchange.words[own_lane()], &value, sizeof(T));
  emulated::wait_for_warp(what, site);
  memcpy(&value, &exchange.words[lane], sizeof(T));
  return value;
}

template <class T>
T shuffle(T value, int lane, Site site = Site::current()) {
  return exchange_word(value, lane & (kWarp - 1), "shuffle", site);
}
template <class T>
T shuffle_xor(T value, int mask, Site site = Site::current()) {
  return exchange_word(value, (own_lane() ^ mask) & (kWarp - 1), "shuffle_xor", site);
}
template <class T>
T shuffle_up(T value, int delta, Site site = Site::current()) {
  return exchange_word(value, own_lane() - (own_lane() < delta ? 0 : delta), "shuffle_up", site);
}
template <class T>
T shuffle_down(T value, int delta, Site site = Site::current()) {
  return exchange_word(value, own_lane() + (own_lane() + delta < kWarp ? delta : 0), "shuffle_down", site);
}
inline unsigned ballot(bool condition, Site site = Site::current()) {
  emulated::Exchange& exchange = own_exchange();
  exchange.words[own_lane()] = condition;
  emulated::wait_for_warp("ballot", site);
  uint64_t bits = 0;
  for (int lane = 0; lane < kWarp; ++lane) bits |= exchange.words[lane] << lane;
  return static_cast<unsigned>(bits);
}

template <class T>
T replace(T& element, T value) {
  const T old = element;
  element = value;
  return old;
}
inline int wrapped_sum(int a, int b) { return static_cast<int>(static_cast<unsigned>(a) + static_cast<unsigned>(b)); }

inline int atomic_add(Global<int> at, int64_t i, int value) { return replace(at[i], wrapped_sum(at[i], value)); }
inline int atomic_add(SharedPointer<int> at, int i, int value) {
  int& element = *at.checked<emulated::note_atomic>(i, 1);
  return replace(element, wrapped_sum(element, value));
}
inline int atomic_max(Global<int> at, int64_t i, int value) { return replace(at[i], max(at[i], value)); }
inline unsigned long long atomic_cas(Global<unsigned long long> at, int64_t i, unsigned long long expected,
                                     unsigned long long value) {
  return replace(at[i], at[i] == expected ? value : at[i]);
}

// Half of the last kept unit away from zero; infinities stay, NaN is the canonical one.
inline uint32_t to_tf32(float x) {
  const uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffffffu;
  return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
}

inline uint32_t to_bf16(float x) {
  const uint32_t bits = __float_as_uint(x);
  return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
}
inline uint32_t pack_bf16(float low, float high) { return to_bf16(low) | to_bf16(high) << 16; }

// D += A · B, where the lanes hold the elements: row and column of each from the PTX ISA's tables.
template <int K>
void multiply(float (&d)[4], emulated::Exchange& exchange, const char* what, const Site& site) {
  auto& [a, b, product] = exchange.mma;
  if (emulated::wait_for_warp(what, site)) {
    for (int row = 0; row < 16; ++row) {
      float sums[8] = {};
      for (int k = 0; k < K; ++k) {
        for (int column = 0; column < 8; ++column) sums[column] += a[row][k] * b[k][column];
      }
      memcpy(product[row], sums, sizeof sums);
    }
  }
  const int g = own_lane() / 4, t = own_lane() % 4;
  for (int i = 0; i < 4; ++i) d[i] += product[g + i / 2 * 8][2 * t + i % 2];
}

inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Site site = Site::current()) {
  emulated::Exchange& exchange = own_exchange();
  const int g = own_lane() / 4, t = own_lane() % 4;
  const auto value = [](uint32_t bits) { return __uint_as_float(bits & 0xffffe000u); };
  for (int i = 0; i < 4; ++i) exchange.mma.a[g + i % 2 * 8][t + i / 2 * 4] = value(a[i]);
  for (int i = 0; i < 2; ++i) exchange.mma.b[t + i * 4][g] = value(b[i]);
  multiply<8>(d, exchange, "mma_tf32", site);
}

inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Site site = Site::current()) {
  emulated::Exchange& exchange = own_exchange();
  const int g = own_lane() / 4, t = own_lane() % 4;
  const auto value = [](uint32_t bits, int half) { return __uint_as_float(half ? bits & 0xffff0000u : bits << 16); };
  for (int i = 0; i < 8; ++i) exchange.mma.a[g + i / 2 % 2 * 8][2 * t + i % 2 + i / 4 * 8] = value(a[i / 2], i % 2);
  for (int i = 0; i < 4; ++i) exchange.mma.b[2 * t + i % 2 + i / 2 * 8][g] = value(b[i / 2], i % 2);
  multiply<16>(d, exchange, "mma_bf16", site);
}

// The copy is noted and its target spoilt; copy_async_wait carries it out.
template <int Floats>
void start_copy(const SharedPointer<float>& to, const Global<const float>& from, bool valid) {
  float* const target = aligned(to.checked<emulated::note_write>(0, Floats), 4 * Floats);
  const float* const source = aligned(valid ? from.checked(0, Floats) : from.data, 4 * Floats);
  emulated::Cell* const cells = to.cells_at(target - to.begin);
  for (int i = 0; i < Floats; ++i) cells[i].written |= emulated::kUnderWay;
  memset(target, 0xff, 4 * Floats);
  own_thread().copies.push_back({target, valid ? source : nullptr, cells, 4 * Floats, own_thread().groups});
}

inline void copy_async16(SharedPointer<float> to, Global<const float> from, bool valid = true) {
  start_copy<4>(to, from, valid);
}
inline void copy_async4(SharedPointer<float> to, Global<const float> from, bool valid = true) {
  start_copy<1>(to, from, valid);
}
inline void copy_async_commit() { ++own_thread().groups; }
template <int Pending>
void copy_async_wait() {
  emulated::Thread& thread = own_thread();
  std::erase_if(thread.copies, [&](const emulated::Copy& copy) {
    if (copy.group + Pending >= thread.groups) return false;
    if (copy.from == nullptr) memset(copy.to, 0, copy.bytes);
    else memcpy(copy.to, copy.from, copy.bytes);
    for (unsigned i = 0; i < copy.bytes / 4; ++i) copy.cells[i].written = emulated::now.stamp;
    return true;
  });
}

}  // namespace
}  // namespace landbridge::cuda
