// Pooled, aligned memory, one pool per device. Blocks belong to the process; each stream keeps a cache of its
// own free blocks, because a block freed while the stream still has jobs that use it may serve only later
// jobs of that same stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lb {

// Why a value does not exist: the first kernel that failed on the way to it.
struct Failure {
  std::string message;
  bool poisons = true;  // not what a kernel reported: its outputs are there
};

struct Block {
  void* data = nullptr;
  size_t capacity = 0;
  int device = 0;                    // an lb_device: where `data` is
  uint64_t last_job = 0;             // the stream's newest job when the block was freed
  std::shared_ptr<Failure> failure;  // touched only in stream order: set when the writing job failed
};

struct MemoryStats {
  int64_t live_bytes, live_buffers, pooled_bytes, pooled_buffers, limit_bytes;
};

size_t size_class(size_t bytes);  // the capacity that serves `bytes`
MemoryStats memory_stats(int device);
void note_live(int device, int64_t bytes, int64_t buffers);  // bookkeeping by the holders of blocks
// Why a block of so many bytes cannot be had, as a sentence.
std::string out_of_memory(int device, size_t bytes);

// From the process's pool or the system; null when neither the limit (the memory that there is, or
// LANDBRIDGE_MEMORY_LIMIT, LANDBRIDGE_CUDA_MEMORY_LIMIT in bytes) nor the system allows it.
Block* acquire_block(int device, size_t bytes);
void return_block(Block* block);  // to the process's pool; no job may still use it

// The free blocks of one stream. On the CPU, used by one thread only, and bounded. On a device it keeps what
// it gets (giving back means waiting for the device), until memory is out: then the stream's thread flushes
// it as well.
class BlockCache {
 public:
  explicit BlockCache(int device) : device_(device) {}
  ~BlockCache() { flush(UINT64_MAX); }
  // `idle_up_to`: the newest job that has completed. With `must_be_idle`, blocks that a queued job may still
  // touch are passed over (the caller writes at once instead of in stream order).
  Block* take(size_t bytes, uint64_t idle_up_to, bool must_be_idle);
  void give(Block* block, uint64_t newest_job, uint64_t idle_up_to);
  void flush(
      uint64_t idle_up_to);  // idle blocks go back to the process; on a device: after it was waited for

 private:
  using Guard = std::unique_lock<std::mutex>;
  struct Shelf {
    size_t capacity;
    std::vector<Block*> blocks;
  };
  Guard guard();
  Shelf& shelf(size_t capacity);
  void flush_guarded(uint64_t idle_up_to);

  const int device_;
  std::mutex mutex_;  // of a device's cache
  std::vector<Shelf> shelves_;
  size_t held_bytes_ = 0;
};

}  // namespace lb
