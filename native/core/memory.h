// Pooled, aligned memory. Blocks belong to the process; each stream keeps a cache of its own free blocks,
// because a block freed while the stream still has jobs that use it may serve only later jobs of that same
// stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lb {

// Why a value does not exist: the first kernel that failed on the way to it.
struct Failure {
  std::string message;
};

struct Block {
  void* data = nullptr;
  size_t capacity = 0;
  uint64_t last_job = 0;             // the stream's newest job when the block was freed
  std::shared_ptr<Failure> failure;  // touched only in stream order: set when the writing job failed
};

struct MemoryStats {
  int64_t live_bytes, live_buffers, pooled_bytes, pooled_buffers, limit_bytes;
};

size_t size_class(size_t bytes);  // the capacity that serves `bytes`
MemoryStats memory_stats();
void note_live(int64_t bytes, int64_t buffers);  // bookkeeping by the holders of blocks

// From the process's pool or the system; null when neither the limit (physical memory, or
// LANDBRIDGE_MEMORY_LIMIT in bytes) nor the system allows it.
Block* acquire_block(size_t bytes);
void return_block(Block* block);  // to the process's pool; no job may still use it

// The free blocks of one stream. Used by one thread only.
class BlockCache {
 public:
  ~BlockCache() { flush(UINT64_MAX); }
  // `idle_up_to`: the newest job that has completed. With `must_be_idle`, blocks that a queued job may still
  // touch are passed over (the caller writes at once instead of in stream order).
  Block* take(size_t bytes, uint64_t idle_up_to, bool must_be_idle);
  void give(Block* block, uint64_t newest_job, uint64_t idle_up_to);
  void flush(uint64_t idle_up_to);  // idle blocks go back to the process

 private:
  struct Shelf {
    size_t capacity;
    std::vector<Block*> blocks;
  };
  Shelf& shelf(size_t capacity);
  std::vector<Shelf> shelves_;
  size_t held_bytes_ = 0;
};

}  // namespace lb
