// Device and shared memory with checks: bounds, alignment, what was never written, and races. Two accesses to
// one word of shared memory by different threads, one of them a write, need a barrier between them; within a
// warp sync_warp will do. The device's twins are in native/cuda/pointers.h.
#pragma once

#include <type_traits>

#include "machine.h"

namespace lb::cuda::emulated {

// What is known of one word (4 bytes; less where elements are smaller) of shared memory: its last write, and
// the last reads, each as clock << 16 | who. The clock only grows, so that nothing need be cleared between
// blocks.
struct Cell {
  uint64_t written, read;
};

// Who: a thread (0 to 1023), or several threads of one warp, or threads of several warps.
constexpr uint64_t kWho = 0xffff, kSeveral = 0x8000, kAtomic = 0x4000, kManyWarps = 0xfff;
constexpr uint64_t kUnderWay = uint64_t{1} << 63;  // an asynchronous copy has not arrived

inline uint64_t warp_of(uint64_t who) {
  return who < kMostThreads ? who / kLanes : who & kManyWarps;
}

// Whether that access is over, and its effect seen, before this thread's next one.
inline bool is_before(uint64_t access) {
  if (access < now.epoch_start) return true;
  const uint64_t who = access & kWho;
  return who == now.thread || (warp_of(who) == now.warp && access < (now.stamp & ~kWho));
}

inline std::string name_of(uint64_t access) {
  const uint64_t who = access & kWho;
  if (who < kMostThreads) return "thread " + text_of(now.threads[who].index);
  return (who & kManyWarps) == kManyWarps ? "several warps"
                                          : "several threads of warp " + std::to_string(warp_of(who));
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_race(const char* does, uint64_t access,
                                                             const char* done) {
  fail("expected a barrier between accesses to shared memory, received a %s of what %s has %s", does,
       name_of(access).c_str(), done);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_alignment(const void* at, unsigned bytes) {
  fail("expected an address that is a multiple of %u bytes, received one that is %u past one", bytes,
       static_cast<unsigned>(reinterpret_cast<uintptr_t>(at) % bytes));
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_bounds(const char* memory, int64_t count,
                                                               int64_t index) {
  fail("expected an index below %lld in %s memory, received %lld", static_cast<long long>(count), memory,
       static_cast<long long>(index));
}

[[gnu::noinline]] inline void check_recent_write(const Cell& cell, const char* does) {
  if (cell.written < now.block_start)
    fail("expected shared memory that this block has written, received a %s of what was never written", does);
  if (cell.written & kUnderWay)
    fail("expected copy_async_wait first, received a %s of what is being copied", does);
  if (!is_before(cell.written)) fail_race(does, cell.written, "written");
}

[[gnu::noinline]] inline void note_recent_read(Cell& cell) {
  const uint64_t who = cell.read & kWho;
  if (who == (kSeveral | kManyWarps)) return;
  if (warp_of(who) != now.warp)
    cell.read = now.epoch_start | kSeveral | kManyWarps;
  else if (cell.read < (now.stamp & ~kWho))
    cell.read = now.stamp;
  else
    cell.read = (now.stamp & ~kWho) | kSeveral | now.warp;
}

[[gnu::always_inline]] inline void note_read(Cell& cell) {
  // In one comparison: written by this block, and before the last barrier.
  if (cell.written - now.block_start >= now.epoch_start - now.block_start) check_recent_write(cell, "read");
  if (cell.read == now.stamp) return;
  if (cell.read < now.epoch_start)
    cell.read = now.stamp;
  else
    note_recent_read(cell);
}

[[gnu::noinline]] inline void check_recent(const Cell& cell) {
  if (cell.written >= now.epoch_start) check_recent_write(cell, "write");
  if (!is_before(cell.read)) fail_race("write", cell.read, "read");
}

[[gnu::always_inline]] inline void note_write(Cell& cell) {
  if (cell.written >= now.epoch_start || cell.read >= now.epoch_start) check_recent(cell);
  cell.written = now.stamp;
}

// Atomic accesses do not race with each other.
inline void note_atomic(Cell& cell) {
  const bool after_atomic = (cell.written & kWho & kAtomic) != 0 && cell.written >= now.epoch_start;
  if (!after_atomic) check_recent_write(cell, "atomic access");
  if (!is_before(cell.read)) fail_race("atomic access", cell.read, "read");
  const bool other_warp = after_atomic && warp_of(cell.written & kWho) != now.warp;
  cell.written = (now.stamp & ~kWho) | kAtomic | (other_warp ? kManyWarps : now.warp);
}

// Cells per element of shared memory.
template <class T>
constexpr unsigned kCells = sizeof(T) > 4 && sizeof(T) % 4 == 0 ? sizeof(T) / 4 : 1;

// An element of shared memory, checked when it is read or written.
template <class T>
class Reference {
 public:
  Reference(T* at, Cell* cells) : at_(at), cells_(cells) {}
  Reference(const Reference&) = default;

  operator T() const {
    for (unsigned i = 0; i < kCells<T>; ++i) note_read(cells_[i]);
    return *at_;
  }
  const Reference& operator=(const T& value) const {
    for (unsigned i = 0; i < kCells<T>; ++i) note_write(cells_[i]);
    *at_ = value;
    return *this;
  }
  const Reference& operator=(const Reference& other) const { return *this = static_cast<T>(other); }
  const Reference& operator+=(const T& value) const { return *this = static_cast<T>(*this) + value; }
  const Reference& operator-=(const T& value) const { return *this = static_cast<T>(*this) - value; }
  const Reference& operator*=(const T& value) const { return *this = static_cast<T>(*this) * value; }
  const Reference& operator/=(const T& value) const { return *this = static_cast<T>(*this) / value; }
  const Reference& operator|=(const T& value) const { return *this = static_cast<T>(*this) | value; }
  const Reference& operator&=(const T& value) const { return *this = static_cast<T>(*this) & value; }

 private:
  T* at_;
  Cell* cells_;
};

}  // namespace lb::cuda::emulated

namespace lb::cuda {
namespace {

constexpr int kWarp = 32;

template <class T>
struct Global {
  T* data = nullptr;
  int64_t before = 0, count = 0;  // elements below `data`, and in all

  Global() = default;
  Global(T* begin, int64_t count) : data(begin), count(count) {}
  template <class U>
  Global(const Global<U>& other) : data(other.data), before(other.before), count(other.count) {}

  T* checked(int64_t i, int64_t elements = 1) const {
    if (before + i < 0 || before + i > count - elements) [[unlikely]]
      emulated::fail_bounds("device", count, before + i);
    return data + i;
  }
  T& operator[](int64_t i) const { return *checked(i); }
  Global operator+(int64_t offset) const {
    Global moved = *this;
    moved.data += offset;
    moved.before += offset;
    return moved;
  }
  explicit operator bool() const { return data != nullptr; }
};

template <class T>
struct SharedPointer {
  T* data;
  T* begin;
  emulated::Cell* cells;  // of the element at `begin`
  int count;

  // A const U* view of U's elements.
  operator SharedPointer<const T>() const requires(!std::is_const_v<T>) {
    return {data, begin, cells, count};
  }

  int64_t checked(int64_t i, int elements = 1) const {
    i += data - begin;
    if (i < 0 || i > count - elements) [[unlikely]]
      emulated::fail_bounds("shared", count, i);
    return i;
  }
  emulated::Reference<T> operator[](int i) const {
    const int64_t at = checked(i);
    return {begin + at, cells + at * emulated::kCells<T>};
  }
  SharedPointer operator+(int offset) const { return {data + offset, begin, cells, count}; }
};

template <class T, int N>
struct alignas(16) Shared {
  T data[N];
  emulated::Cell cells[N * emulated::kCells<T>];

  emulated::Reference<T> operator[](int i) {
    if (i < 0 || i >= N) [[unlikely]]
      emulated::fail_bounds("shared", N, i);
    return {data + i, cells + i * emulated::kCells<T>};
  }
  SharedPointer<T> operator+(int offset) { return {data + offset, data, cells, N}; }
};

template <class T>
SharedPointer<T> dynamic_shared() {
  static_assert(sizeof(T) % 4 == 0, "one cell covers 4 bytes of dynamic shared memory");
  using emulated::now;
  const auto address = reinterpret_cast<uintptr_t>(now.dynamic.data()) + 15 & ~uintptr_t{15};
  T* begin = reinterpret_cast<T*>(address);
  auto* cells = reinterpret_cast<emulated::Cell*>(now.dynamic_cells.data());
  return {begin, begin, cells, static_cast<int>(now.dynamic_bytes / sizeof(T))};
}

inline void require_alignment(const void* at, unsigned bytes) {
  if (reinterpret_cast<uintptr_t>(at) % bytes != 0) [[unlikely]]
    emulated::fail_alignment(at, bytes);
}

inline float4 load4(Global<const float> from, int64_t i) {
  const float* at = from.checked(i, 4);
  require_alignment(at, 16);
  return {at[0], at[1], at[2], at[3]};
}
inline void store4(Global<float> to, int64_t i, float4 value) {
  float* at = to.checked(i, 4);
  require_alignment(at, 16);
  at[0] = value.x, at[1] = value.y, at[2] = value.z, at[3] = value.w;
}
inline float4 load4(SharedPointer<float> from, int i) {
  const int64_t at = from.checked(i, 4);
  require_alignment(from.begin + at, 16);
  for (int k = 0; k < 4; ++k) emulated::note_read(from.cells[at + k]);
  const float* values = from.begin + at;
  return {values[0], values[1], values[2], values[3]};
}
inline void store4(SharedPointer<float> to, int i, float4 value) {
  const int64_t at = to.checked(i, 4);
  require_alignment(to.begin + at, 16);
  for (int k = 0; k < 4; ++k) emulated::note_write(to.cells[at + k]);
  float* values = to.begin + at;
  values[0] = value.x, values[1] = value.y, values[2] = value.z, values[3] = value.w;
}

}  // namespace
}  // namespace lb::cuda
