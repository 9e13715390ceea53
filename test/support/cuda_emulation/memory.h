// Device and shared memory with checks: bounds, alignment, what was never written, and races. Two accesses to one
// word of shared memory by different threads, one of them a write, need a barrier between them; within a warp
// sync_warp will do. The device's twins are in landbridge/cuda/pointers.h.
#pragma once

#include "machine.h"

namespace landbridge::cuda::emulated {

// What is known of one word (4 bytes; less where elements are smaller) of shared memory: its last write, and the
// last reads, each as clock << 16 | who. The clock only grows, so that nothing need be cleared between blocks.
struct Cell {
  uint64_t written, read;
};

// Who: a thread (0 to 1023), or several threads of one warp, or threads of several warps.
constexpr uint64_t kWho = 0xffff, kSeveral = 0x8000, kAtomic = 0x4000, kManyWarps = 0xfff;
constexpr uint64_t kUnderWay = uint64_t{1} << 63;  // an asynchronous copy has not arrived

inline uint64_t warp_of(uint64_t who) { return who < kMostThreads ? who / kLanes : who & kManyWarps; }

// Whether that access is over, and its effect seen, before this thread's next one.
inline bool is_before(uint64_t access) {
  if (access < now.epoch_start) return true;
  const uint64_t who = access & kWho;
  return who == now.thread || (warp_of(who) == now.warp && access < (now.stamp & ~kWho));
}

inline Text name_of(uint64_t access) {
  const uint64_t who = access & kWho, warp = warp_of(who);
  if (who < kMostThreads) return text_of(now.threads[who].index, "thread ");
  return warp == kManyWarps ? Text{"several warps"}
                            : text_of("several threads of warp %u", static_cast<unsigned>(warp));
}

[[noreturn]] LB_COLD void fail_race(const char* does, uint64_t access, const char* done) {
  fail("expected a barrier between accesses to shared memory, received a %s of what %s %s", does, name_of(access).data,
       done);
}

[[noreturn]] LB_COLD void fail_bounds(const char* memory, int64_t count, int64_t first, int64_t elements) {
  const long long outside = first < 0 ? first : first + elements - 1;
  fail("expected an index below %lld in %s memory, received %lld", static_cast<long long>(count), memory, outside);
}

// For cells that this block has written, or that copies never waited for have left behind.
[[gnu::noinline]] inline void check_written(const Cell& cell, const char* does) {
  if ((cell.written & ~kUnderWay) < now.block_start) {
    if (*does == 'w') return;
    fail("expected shared memory that the block has written, received a %s of what is not written yet", does);
  }
  if (cell.written & kUnderWay) fail("expected copy_async_wait first, received a %s of what is being copied", does);
  if (!is_before(cell.written)) fail_race(does, cell.written, "wrote");
}

[[gnu::noinline]] inline void note_recent_read(Cell& cell) {
  const uint64_t who = cell.read & kWho;
  if (who == (kSeveral | kManyWarps)) return;
  if (warp_of(who) != now.warp) cell.read = now.epoch_start | kSeveral | kManyWarps;
  else if (cell.read < (now.stamp & ~kWho)) cell.read = now.stamp;
  else cell.read = (now.stamp & ~kWho) | kSeveral | now.warp;
}

[[gnu::always_inline]] inline void note_read(Cell& cell) {
  // In one comparison: written by this block, and before the last barrier.
  if (cell.written - now.block_start >= now.epoch_start - now.block_start) check_written(cell, "read");
  if (cell.read == now.stamp) return;
  if (cell.read < now.epoch_start) cell.read = now.stamp;
  else note_recent_read(cell);
}

[[gnu::noinline]] inline void check_recent(const Cell& cell) {
  if (cell.written >= now.epoch_start) check_written(cell, "write");
  if (!is_before(cell.read)) fail_race("write", cell.read, "read");
}

[[gnu::always_inline]] inline void note_write(Cell& cell) {
  if (cell.written >= now.epoch_start || cell.read >= now.epoch_start) check_recent(cell);
  cell.written = now.stamp;
}

// Atomic accesses do not race with each other.
inline void note_atomic(Cell& cell) {
  const bool after_atomic = (cell.written & kWho & kAtomic) != 0 && cell.written >= now.epoch_start;
  if (!after_atomic) check_written(cell, "atomic access");
  if (!is_before(cell.read)) fail_race("atomic access", cell.read, "read");
  const bool other_warp = after_atomic && warp_of(cell.written & kWho) != now.warp;
  cell.written = (now.stamp & ~kWho) | kAtomic | (other_warp ? kManyWarps : now.warp);
}

inline void note_nothing(Cell&) {}

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
  template <class V>
  const Reference& operator+=(const V& value) const {
    return *this = static_cast<T>(*this) + value;
  }

 private:
  T* at_;
  Cell* cells_;
};

}  // namespace landbridge::cuda::emulated

namespace landbridge::cuda {
namespace {

constexpr int kWarp = 32;

template <class T>
T* aligned(T* at, unsigned bytes) {
  const auto past = static_cast<unsigned>(reinterpret_cast<uintptr_t>(at) % bytes);
  if (past == 0) return at;
  emulated::fail("expected an address that is a multiple of %u bytes, received one that is %u past one", bytes, past);
}

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
      emulated::fail_bounds("device", count, before + i, elements);
    return data + i;
  }
  T& operator[](int64_t i) const { return *aligned(checked(i), alignof(T)); }
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

  // The address of elements that Note is told of.
  template <void (*Note)(emulated::Cell&)>
  T* checked(int64_t i, int elements) const {
    const int64_t at = i + (data - begin);
    if (at < 0 || at > count - elements) [[unlikely]]
      emulated::fail_bounds("shared", count, at, elements);
    for (unsigned k = 0; k < elements * emulated::kCells<T>; ++k) Note(cells_at(at)[k]);
    return begin + at;
  }
  emulated::Cell* cells_at(int64_t at) const { return cells + at * emulated::kCells<T>; }
  emulated::Reference<T> operator[](int i) const {
    T* const at = checked<emulated::note_nothing>(i, 1);
    return {at, cells_at(at - begin)};
  }
  SharedPointer operator+(int offset) const { return {data + offset, begin, cells, count}; }
};

template <class T, int N>
struct alignas(16) Shared {
  T data[N];
  emulated::Cell cells[N * emulated::kCells<T>];

  SharedPointer<T> operator+(int offset) { return {data + offset, data, cells, N}; }
  emulated::Reference<T> operator[](int i) { return (*this + 0)[i]; }
};

template <class T>
SharedPointer<T> dynamic_shared() {
  static_assert(sizeof(T) % 4 == 0, "one cell covers 4 bytes of dynamic shared memory");
  using emulated::now;
  const auto address = (reinterpret_cast<uintptr_t>(now.dynamic.data()) + 15) & ~uintptr_t{15};
  T* begin = reinterpret_cast<T*>(address);
  auto* cells = reinterpret_cast<emulated::Cell*>(now.dynamic_cells.data());
  return {begin, begin, cells, static_cast<int>(now.dynamic_bytes / sizeof(T))};
}

inline float4 load_aligned(const float* at) {
  float4 value;
  memcpy(&value, aligned(at, 16), 16);
  return value;
}
inline float4 load4(Global<const float> from, int64_t i) { return load_aligned(from.checked(i, 4)); }
inline float4 load4(SharedPointer<float> from, int i) { return load_aligned(from.checked<emulated::note_read>(i, 4)); }
inline void store4(Global<float> to, int64_t i, float4 value) { memcpy(aligned(to.checked(i, 4), 16), &value, 16); }
inline void store4(SharedPointer<float> to, int i, float4 value) {
  memcpy(aligned(to.checked<emulated::note_write>(i, 4), 16), &value, 16);
}

}  // namespace
}  // namespace landbridge::cuda
