// The one block that runs: its threads, warps and barriers, and who of them goes on. A thread runs until it must wait
// for others; only then does it keep a stack of its own, so that kernels without barriers are plain loops.
#pragma once

#include <atomic>
#include <bitset>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <source_location>
#include <string>
#include <thread>
#include <utility>

#include "../emulated_stream.h"
#include "fiber.h"
#include "landbridge/kernel.h"
#include "language.h"

namespace landbridge::cuda::emulated {

using Site = std::source_location;
constexpr unsigned kLanes = 32, kMostThreads = 1024, kAll = 0xffffffffu;

// What threads of a warp hand to each other in one collective instruction.
union Exchange {
  uint64_t words[kLanes];
  struct {
    float a[16][16], b[16][8], product[16][8];
  } mma;
};

struct Cell;  // of shared memory, see memory.h

// An asynchronous copy under way.
struct Copy {
  void* to;
  const void* from;  // null: zeros
  Cell* cells;
  unsigned bytes, group;
};

struct Thread {
  Fiber* fiber;  // null: not started
  dim3 index{0, 0, 0};
  const char* what;  // it waits for
  Site site;         // and where
  unsigned groups;   // of asynchronous copies, closed so far
  std::vector<Copy> copies;
};

struct Warp {
  unsigned live, runnable, at_barrier, arrived;  // a bit per lane
  uint64_t epoch;                                // the clock when its lanes were last synchronised
  unsigned parity;                               // the exchange in use: lanes may still read the other one
  const char* what;                              // the instruction that the arrived lanes wait in
  Site site;
  Exchange exchange[2];
};

struct Machine {
  dim3 thread_index, block_index, block_dim, grid_dim;
  unsigned thread, warp;  // that run now
  // The clock advances at every synchronisation. Accesses are stamped clock << 16 | who.
  uint64_t clock = 1, block_start, epoch_start, stamp;

  lb_call* call;
  std::atomic<std::thread::id> owner;  // of the launch under way
  const char* kernel;
  void (*run_threads)(const void* body);
  const void* body;

  unsigned threads_count, live, arrived, runnable_warps;
  Site barrier;
  bool failed, one_thread;  // the failure is that of the thread that ran
  std::string sentence;
  Fiber main, *fiber;  // fiber: that runs now
  std::vector<Fiber*> fibers;
  size_t used_fibers;
  std::vector<uint64_t> dynamic, dynamic_cells;  // shared memory
  size_t dynamic_bytes;
  Warp warps[kMostThreads / kLanes];
  Thread threads[kMostThreads];
  std::mutex mutex;  // of the whole machine
};

inline Machine now;

// ---- failing ----

#define LB_COLD __attribute__((cold, noinline)) inline

struct Text {
  char data[400];
};

template <class... Values>
Text text_of(const char* format, Values... values) {
  Text text;
  snprintf(text.data, sizeof text.data, format, values...);
  return text;
}
inline Text text_of(const dim3& index, const char* what = "") {
  return text_of("%s(%u, %u, %u)", what, index.x, index.y, index.z);
}
inline Text text_of(const Site& site) {
  const char* slash = strrchr(site.file_name(), '/');
  return text_of("%s:%u", slash ? slash + 1 : site.file_name(), site.line());
}

// Ends the launch: the fibers are abandoned where they stand, so that nothing on them may own memory.
[[noreturn]] inline void end_launch(bool one_thread) {
  now.failed = true;
  now.one_thread = one_thread;
  switch_fiber(*now.fiber, now.main, true);
  __builtin_unreachable();
}

[[noreturn, gnu::format(printf, 1, 2)]] LB_COLD void fail(const char* format, ...) {
  // Host code that touches device memory; the kernel's guard tells. Another launch may be under way meanwhile.
  if (now.owner.load() != std::this_thread::get_id()) throw format;
  Text text;
  va_list values;
  va_start(values, format);
  vsnprintf(text.data, sizeof text.data, format, values);
  va_end(values);
  now.sentence = text.data;
  end_launch(true);
}

inline bool same_place(const Site& a, const Site& b) { return a.line() == b.line() && a.column() == b.column(); }

// Nobody can go on: tells where threads wait, and the first thread of each place.
[[noreturn]] LB_COLD void fail_deadlock() {
  now.sentence = "expected all threads at the same barrier, received threads that wait for ever:";
  std::bitset<kMostThreads> waiting;
  for (unsigned i = 0; i < now.threads_count; ++i) waiting[i] = now.warps[i / kLanes].live >> i % kLanes & 1;
  while (waiting.any()) {
    const Thread& first = now.threads[waiting._Find_first()];
    const size_t before = waiting.count();
    for (unsigned i = 0; i < now.threads_count; ++i)
      if (same_place(now.threads[i].site, first.site)) waiting.reset(i);
    now.sentence += " " + std::to_string(before - waiting.count()) + " in " + first.what + " at " +
                    text_of(first.site).data + text_of(first.index, ", the first of them thread ").data + ";";
  }
  now.sentence.pop_back();
  end_launch(false);
}

// On the stack of the system's thread.
inline void tell_failure() {
  now.sentence += " (kernel " + kernel_name(now.kernel) + text_of(now.block_index, ", block ").data;
  if (now.one_thread) now.sentence += text_of(now.thread_index, ", thread ").data;
  now.call->host->fail(now.call, (now.sentence + ")").c_str());
}

// ---- who runs ----

inline void enter(unsigned thread) {
  now.thread = thread;
  now.warp = thread / kLanes;
  now.thread_index = now.threads[thread].index;
  now.stamp = now.warps[now.warp].epoch << 16 | thread;
}

// The next thread that can go on: of this warp if there is one. Negative: none.
inline int next_thread() {
  unsigned warp = now.warp;
  if (now.warps[warp].runnable == 0) {
    if (now.runnable_warps == 0) return -1;
    warp = static_cast<unsigned>(std::countr_zero(now.runnable_warps));
  }
  return static_cast<int>(warp * kLanes) + std::countr_zero(now.warps[warp].runnable);
}

inline void set_runnable(unsigned warp, unsigned lanes) {
  now.warps[warp].runnable = lanes;
  const unsigned bit = 1u << warp;
  now.runnable_warps = lanes ? now.runnable_warps | bit : now.runnable_warps & ~bit;
}

inline unsigned own_lane() { return 1u << now.thread % kLanes; }
inline void stop_own_lane() { set_runnable(now.warp, now.warps[now.warp].runnable & ~own_lane()); }

inline void fiber_entry();

inline Fiber* take_fiber() {
  if (now.used_fibers == now.fibers.size()) now.fibers.push_back(new_fiber(now.used_fibers));
  Fiber* fiber = now.fibers[now.used_fibers++];
  prepare(*fiber, fiber_entry);
  return fiber;
}

inline void go_to(unsigned thread, bool ends) {
  enter(thread);
  Fiber*& to = now.threads[thread].fiber;
  if (to == nullptr) to = take_fiber();
  switch_fiber(*std::exchange(now.fiber, to), *to, ends);
}

// The thread that runs is not runnable: others go on until somebody makes it so.
inline void suspend(const char* what, const Site& site) {
  Thread& self = now.threads[now.thread];
  self.what = what;
  self.site = site;
  self.fiber = now.fiber;
  const int next = next_thread();
  if (next < 0) fail_deadlock();
  go_to(static_cast<unsigned>(next), false);
}

// ---- synchronisation ----

inline void release_barrier() {
  now.arrived = 0;
  now.epoch_start = ++now.clock << 16;
  for (unsigned w = 0; w * kLanes < now.threads_count; ++w) {
    Warp& warp = now.warps[w];
    warp.epoch = now.clock;
    set_runnable(w, warp.at_barrier | warp.runnable);
    warp.at_barrier = 0;
  }
}

inline void wait_for_block(const Site& site) {
  if (now.arrived > 0 && !same_place(site, now.barrier)) {
    fail("expected all threads at the same barrier, received some in sync_block at %s and one at %s",
         text_of(now.barrier).data, text_of(site).data);
  }
  now.barrier = site;
  Warp& warp = now.warps[now.warp];
  warp.at_barrier |= own_lane();
  stop_own_lane();
  if (++now.arrived < now.live) return suspend("sync_block", site);
  release_barrier();
  enter(now.thread);
}

// A collective instruction of the warp: returns when all lanes have arrived; true for the last, which goes on first.
inline bool wait_for_warp(const char* what, const Site& site) {
  Warp& warp = now.warps[now.warp];
  if (warp.live != kAll)
    fail("expected all 32 lanes in %s at %s, received lanes that have ended", what, text_of(site).data);
  if (warp.arrived != 0 && (warp.what != what || !same_place(site, warp.site))) {
    fail("expected all 32 lanes in %s at %s, received a lane in %s at %s", warp.what, text_of(warp.site).data, what,
         text_of(site).data);
  }
  warp.what = what;
  warp.site = site;
  warp.arrived |= own_lane();
  if (warp.arrived != kAll) {
    stop_own_lane();
    suspend(what, site);
    return false;
  }
  warp.arrived = 0;
  warp.parity ^= 1;
  set_runnable(now.warp, kAll);
  return true;
}

// ---- blocks ----

// The thread that runs has ended. True: go on with the thread that is entered now, on the same stack.
inline bool next_on_this_stack() {
  Warp& warp = now.warps[now.warp];
  if (warp.arrived != 0)
    fail("expected all 32 lanes in %s at %s, received a lane that ends", warp.what, text_of(warp.site).data);
  warp.live &= ~own_lane();
  stop_own_lane();
  --now.live;
  if (now.live > 0 && now.arrived == now.live) release_barrier();
  const int next = next_thread();
  if (next >= 0 && now.threads[next].fiber == nullptr) {
    enter(static_cast<unsigned>(next));
    return true;
  }
  if (next >= 0) go_to(static_cast<unsigned>(next), true);
  if (now.live > 0) fail_deadlock();
  switch_fiber(*now.fiber, now.main, true);
  __builtin_unreachable();
}

inline void fiber_entry() {
  entered(now.main);
  now.run_threads(now.body);
}

inline void start_block() {
  const unsigned count = now.live = now.threads_count;
  now.arrived = now.runnable_warps = 0;
  now.block_start = now.epoch_start = ++now.clock << 16;
  for (unsigned w = 0; w * kLanes < count; ++w) {
    Warp& warp = now.warps[w];
    const unsigned lanes = count - w * kLanes;
    warp.live = lanes >= kLanes ? kAll : (1u << lanes) - 1;
    warp.at_barrier = warp.arrived = warp.parity = 0;
    warp.epoch = now.clock;
    set_runnable(w, warp.live);
  }
  for (unsigned i = 0; i < count; ++i) {
    Thread& thread = now.threads[i];
    thread.fiber = nullptr;
    thread.groups = 0;
    thread.copies.clear();
  }
}

inline void run_block(uint64_t number) {
  const dim3& grid = now.grid_dim;
  now.block_index = dim3(number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y);
  start_block();
  now.used_fibers = 0;
  now.fiber = take_fiber();
  enter(0);
  switch_fiber(now.main, *now.fiber);
}

inline void start_launch(lb_call& call, const char* name, dim3 grid, dim3 block, size_t shared) {
  now.call = &call;
  now.owner = std::this_thread::get_id();
  now.kernel = name;
  now.failed = false;
  now.grid_dim = grid;
  now.block_dim = block;
  now.threads_count = block.x * block.y * block.z;
  for (unsigned i = 0; i < now.threads_count; ++i)
    now.threads[i].index = dim3(i % block.x, i / block.x % block.y, i / block.x / block.y);
  now.dynamic_bytes = shared;
  now.dynamic.resize(shared / 8 + 2);
  now.dynamic_cells.resize(2 * (shared / 4 + 1));
  now.main = Fiber();
}

}  // namespace landbridge::cuda::emulated

#define threadIdx (::landbridge::cuda::emulated::now.thread_index)
#define blockIdx (::landbridge::cuda::emulated::now.block_index)
#define blockDim (::landbridge::cuda::emulated::now.block_dim)
#define gridDim (::landbridge::cuda::emulated::now.grid_dim)

namespace landbridge::cuda {
namespace {

// Runs `thread` for each thread of each block: now, or later while the call's stream is captured.
template <class F>
void emulate(lb_call& call, const char* name, dim3 grid, dim3 block, size_t shared_bytes, const F& thread) {
  using emulated::now;
  emulated::on_stream(call, [=](lb_call& of) {
    const std::lock_guard<std::mutex> lock(now.mutex);
    if (FILE* file = emulated::dry_record()) return emulated::record_launch(file, name, grid, block, shared_bytes);
    if (shared_bytes > emulated::shared_of_block()) return of.host->fail(&of, "invalid argument");
    emulated::start_launch(of, name, grid, block, shared_bytes);
    now.run_threads = [](const void* body) {
      do (*static_cast<const F*>(body))();
      while (emulated::next_on_this_stack());
    };
    now.body = &thread;
    const uint64_t count = uint64_t{grid.x} * grid.y * grid.z;
    for (uint64_t i = 0; i < count && !now.failed; ++i) emulated::run_block(i);
    now.owner = std::thread::id();
    if (now.failed) emulated::tell_failure();
  });
}

}  // namespace
}  // namespace landbridge::cuda
