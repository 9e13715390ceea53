#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

namespace lb {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kCacheLimit = size_t{1} << 30;  // a stream keeps at most this much for itself

int64_t default_limit() {
  if (const char* text = std::getenv("LANDBRIDGE_MEMORY_LIMIT")) {
    char* end = nullptr;
    const long long bytes = std::strtoll(text, &end, 10);
    if (bytes > 0 && *end == '\0') return bytes;
    if (*text != '\0') {
      std::fprintf(stderr,
                   "landbridge: LANDBRIDGE_MEMORY_LIMIT: expected a number of bytes, received %s; ignored\n",
                   text);
    }
  }
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

// Heap-allocated and never destroyed: finalizers of late environments still come here at exit.
struct Process {
  std::mutex mutex;
  std::map<size_t, std::vector<Block*>> free;
  int64_t free_bytes = 0, total_bytes = 0;
  const int64_t limit = default_limit();
  std::atomic<int64_t> live_bytes{0}, live_buffers{0}, all_buffers{0};

  void trim() {
    for (auto& [capacity, blocks] : free) {
      for (Block* block : blocks) destroy(block);
      blocks.clear();
    }
    free_bytes = 0;
  }
  void destroy(Block* block) {
    total_bytes -= static_cast<int64_t>(block->capacity);
    --all_buffers;
    std::free(block->data);
    delete block;
  }
  Block* create(size_t capacity) {
    const auto size = static_cast<int64_t>(capacity);
    if (size < 0 || size > limit) return nullptr;
    if (total_bytes > limit - size) trim();
    if (total_bytes > limit - size) return nullptr;
    const bool huge = capacity >= 2 * kHugePage;
    void* data = std::aligned_alloc(huge ? kHugePage : kAlignment, capacity);
    if (data == nullptr && free_bytes > 0) {
      trim();
      data = std::aligned_alloc(huge ? kHugePage : kAlignment, capacity);
    }
    if (data == nullptr) return nullptr;
#ifdef MADV_HUGEPAGE
    if (huge) madvise(data, capacity, MADV_HUGEPAGE);
#endif
    total_bytes += static_cast<int64_t>(capacity);
    ++all_buffers;
    return new Block{data, capacity, 0, nullptr};
  }
};

Process& process() {
  static Process* const instance = new Process;
  return *instance;
}

}  // namespace

// Four classes per power of two: at most a fifth is wasted, and blocks of nearby sizes serve each other.
size_t size_class(size_t bytes) {
  if (bytes <= 256) return (std::max<size_t>(bytes, 1) + 63) / 64 * 64;
  const size_t step = size_t{1} << (61 - __builtin_clzll(bytes - 1));
  const size_t rounded = (bytes + step - 1) / step * step;
  return rounded >= 2 * kHugePage ? (rounded + kHugePage - 1) / kHugePage * kHugePage : rounded;
}

MemoryStats memory_stats() {
  Process& p = process();
  std::lock_guard<std::mutex> lock(p.mutex);
  const int64_t live = p.live_bytes.load(), buffers = p.live_buffers.load();
  return {live, buffers, std::max<int64_t>(0, p.total_bytes - live),
          std::max<int64_t>(0, p.all_buffers - buffers), p.limit};
}

void note_live(int64_t bytes, int64_t buffers) {
  process().live_bytes += bytes;
  process().live_buffers += buffers;
}

Block* acquire_block(size_t bytes) {
  const size_t capacity = size_class(bytes);
  if (capacity < bytes) return nullptr;  // the rounding overflowed
  Process& p = process();
  std::lock_guard<std::mutex> lock(p.mutex);
  auto found = p.free.find(capacity);
  if (found == p.free.end() || found->second.empty()) return p.create(capacity);
  Block* block = found->second.back();
  found->second.pop_back();
  p.free_bytes -= static_cast<int64_t>(capacity);
  return block;
}

void return_block(Block* block) {
  block->failure.reset();
  block->last_job = 0;
  Process& p = process();
  std::lock_guard<std::mutex> lock(p.mutex);
  p.free[block->capacity].push_back(block);
  p.free_bytes += static_cast<int64_t>(block->capacity);
  if (p.free_bytes > static_cast<int64_t>(kCacheLimit)) p.trim();
}

BlockCache::Shelf& BlockCache::shelf(size_t capacity) {
  auto at = std::lower_bound(shelves_.begin(), shelves_.end(), capacity,
                             [](const Shelf& s, size_t wanted) { return s.capacity < wanted; });
  if (at == shelves_.end() || at->capacity != capacity) at = shelves_.insert(at, Shelf{capacity, {}});
  return *at;
}

Block* BlockCache::take(size_t bytes, uint64_t idle_up_to, bool must_be_idle) {
  const size_t capacity = size_class(bytes);
  std::vector<Block*>& blocks = shelf(capacity).blocks;
  // The newest freed block is the likeliest to be in the CPU's cache; for an idle one, look from the oldest.
  if (!must_be_idle && !blocks.empty()) {
    Block* block = blocks.back();
    blocks.pop_back();
    held_bytes_ -= capacity;
    return block;
  }
  if (must_be_idle && !blocks.empty() && blocks.front()->last_job <= idle_up_to) {
    Block* block = blocks.front();
    blocks.erase(blocks.begin());
    held_bytes_ -= capacity;
    return block;
  }
  Block* block = acquire_block(bytes);
  if (block == nullptr) {
    flush(idle_up_to);
    block = acquire_block(bytes);
  }
  return block;
}

void BlockCache::give(Block* block, uint64_t newest_job, uint64_t idle_up_to) {
  block->last_job = newest_job;
  shelf(block->capacity).blocks.push_back(block);
  held_bytes_ += block->capacity;
  if (held_bytes_ > kCacheLimit) flush(idle_up_to);
}

void BlockCache::flush(uint64_t idle_up_to) {
  for (Shelf& s : shelves_) {
    auto busy = std::stable_partition(s.blocks.begin(), s.blocks.end(),
                                      [&](const Block* b) { return b->last_job <= idle_up_to; });
    for (auto it = s.blocks.begin(); it != busy; ++it) {
      held_bytes_ -= (*it)->capacity;
      return_block(*it);
    }
    s.blocks.erase(s.blocks.begin(), busy);
  }
}

}  // namespace lb
