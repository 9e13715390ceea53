#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>

#include "device.h"
#include "registry.h"
#include "setting.h"

namespace lb {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kCacheLimit = size_t{1} << 30;  // a stream keeps at most this much for itself

// The value of an environment variable in bytes; 0 where there is none.
int64_t bytes_from(const char* variable) {
  const char* text = setting(variable);
  if (text == nullptr) return 0;
  char* end = nullptr;
  const long long bytes = std::strtoll(text, &end, 10);
  if (bytes > 0 && *end == '\0') return bytes;
  refuse_setting(variable, "a number of bytes", text);
  return 0;
}

// What a device's library says, or else an empty one.
struct DeviceMemory {
  size_t free = 0, total = 0;
  explicit DeviceMemory(int device) { Device::of(device)->api.memory(&free, &total); }
};

int64_t limit_of(int device) {
  if (device == LB_DEVICE_cpu) {
    const int64_t wanted = bytes_from("LANDBRIDGE_MEMORY_LIMIT");
    return wanted > 0 ? wanted : static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  }
  const int64_t wanted = bytes_from("LANDBRIDGE_CUDA_MEMORY_LIMIT");
  const auto total = static_cast<int64_t>(DeviceMemory(device).total);
  return wanted > 0 ? std::min(wanted, total) : total;
}

void* allocate_on_host(size_t capacity) {
  const bool huge = capacity >= 2 * kHugePage;
  void* data = std::aligned_alloc(huge ? kHugePage : kAlignment, capacity);
#ifdef MADV_HUGEPAGE
  if (huge && data != nullptr) madvise(data, capacity, MADV_HUGEPAGE);
#endif
  return data;
}

// Heap-allocated and never destroyed: finalizers of late environments still come here at exit.
struct Process {
  explicit Process(int device) : device(device) {}

  const int device;
  std::mutex mutex;
  std::map<size_t, std::vector<Block*>> free;
  int64_t free_bytes = 0, total_bytes = 0;
  const int64_t limit = limit_of(device);
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
    if (device == LB_DEVICE_cpu)
      std::free(block->data);
    else
      Device::of(device)->ok(Device::of(device)->api.release(block->data));
    delete block;
  }
  Block* create(size_t capacity) {
    const auto size = static_cast<int64_t>(capacity);
    if (size < 0 || size > limit) return nullptr;
    if (total_bytes > limit - size) trim();
    if (total_bytes > limit - size) return nullptr;
    void* data = allocate(capacity);
    if (data == nullptr && free_bytes > 0) {
      trim();
      data = allocate(capacity);
    }
    if (data == nullptr) return nullptr;
    total_bytes += static_cast<int64_t>(capacity);
    ++all_buffers;
    return new Block{data, capacity, device, 0, nullptr};
  }
  void* allocate(size_t capacity) {
    if (device == LB_DEVICE_cpu) return allocate_on_host(capacity);
    Device& owner = *Device::of(device);
    void* data = nullptr;
    return owner.ok(owner.api.allocate(&data, capacity)) ? data : nullptr;
  }
};

template <int device>
Process& process_of() {
  static Process* const instance = new Process(device);
  return *instance;
}

// Of a device that is not the CPU: once it is open.
Process& process(int device) {
  if (device == LB_DEVICE_cpu) return process_of<LB_DEVICE_cpu>();
  return device == LB_DEVICE_cuda ? process_of<LB_DEVICE_cuda>() : process_of<LB_DEVICE_cuda_emulated>();
}

}  // namespace

// Four classes per power of two: at most a fifth is wasted, and blocks of nearby sizes serve each other.
size_t size_class(size_t bytes) {
  if (bytes <= 256) return (std::max<size_t>(bytes, 1) + 63) / 64 * 64;
  const size_t step = size_t{1} << (61 - __builtin_clzll(bytes - 1));
  const size_t rounded = (bytes + step - 1) / step * step;
  return rounded >= 2 * kHugePage ? (rounded + kHugePage - 1) / kHugePage * kHugePage : rounded;
}

MemoryStats memory_stats(int device) {
  Process& p = process(device);
  std::lock_guard<std::mutex> lock(p.mutex);
  const int64_t live = p.live_bytes.load(), buffers = p.live_buffers.load();
  return {live, buffers, std::max<int64_t>(0, p.total_bytes - live),
          std::max<int64_t>(0, p.all_buffers - buffers), p.limit};
}

void note_live(int device, int64_t bytes, int64_t buffers) {
  Process& p = process(device);
  p.live_bytes += bytes;
  p.live_buffers += buffers;
}

std::string out_of_memory(int device, size_t bytes) {
  const MemoryStats stats = memory_stats(device);
  std::string sentence = "out of memory: expected " + std::to_string(bytes) + " bytes, but " +
                         std::to_string(stats.live_bytes) + " of at most " +
                         std::to_string(stats.limit_bytes) + " are in use";
  if (device == LB_DEVICE_cpu) return sentence;
  return sentence + " on " + device_name(device) + ", where " + std::to_string(DeviceMemory(device).free) +
         " are free";
}

Block* acquire_block(int device, size_t bytes) {
  const size_t capacity = size_class(bytes);
  if (capacity < bytes) return nullptr;  // the rounding overflowed
  Process& p = process(device);
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
  Process& p = process(block->device);
  std::lock_guard<std::mutex> lock(p.mutex);
  p.free[block->capacity].push_back(block);
  p.free_bytes += static_cast<int64_t>(block->capacity);
  if (p.device == LB_DEVICE_cpu && p.free_bytes > static_cast<int64_t>(kCacheLimit)) p.trim();
}

BlockCache::Shelf& BlockCache::shelf(size_t capacity) {
  auto at = std::lower_bound(shelves_.begin(), shelves_.end(), capacity,
                             [](const Shelf& s, size_t wanted) { return s.capacity < wanted; });
  if (at == shelves_.end() || at->capacity != capacity) at = shelves_.insert(at, Shelf{capacity, {}});
  return *at;
}

BlockCache::Guard BlockCache::guard() {
  return device_ == LB_DEVICE_cpu ? Guard() : Guard(mutex_);
}

Block* BlockCache::take(size_t bytes, uint64_t idle_up_to, bool must_be_idle) {
  const Guard guarded = guard();
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
  Block* block = acquire_block(device_, bytes);
  if (block == nullptr && device_ == LB_DEVICE_cpu) {
    flush_guarded(idle_up_to);
    block = acquire_block(device_, bytes);
  }
  return block;
}

void BlockCache::give(Block* block, uint64_t newest_job, uint64_t idle_up_to) {
  const Guard guarded = guard();
  block->last_job = newest_job;
  shelf(block->capacity).blocks.push_back(block);
  held_bytes_ += block->capacity;
  if (device_ == LB_DEVICE_cpu && held_bytes_ > kCacheLimit) flush_guarded(idle_up_to);
}

void BlockCache::flush(uint64_t idle_up_to) {
  const Guard guarded = guard();
  flush_guarded(idle_up_to);
}

void BlockCache::flush_guarded(uint64_t idle_up_to) {
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
