// A value on its way from one stream to another of the same environment.
#pragma once

#include <atomic>
#include <memory>

#include "failures.h"
#include "memory.h"

namespace lb {

class Stream;

// Owned by the target's job, which goes on only once the value is here. As jobs wait for nothing but jobs
// that were issued before them, no two streams wait for each other.
struct Transfer {
  // `buffer`: of the host, used by no queued job.
  Transfer(Block* buffer, Failures& source, Stream& target)
      : buffer(buffer), source(source), target(target) {}
  ~Transfer() { return_block(buffer); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // A Reached: the source has filled the buffer, or has nothing to fill it with.
  static void arrive(void* transfer, const std::shared_ptr<Failure>& failure);

  Block* const buffer;
  Failures& source;
  Stream& target;
  // The rest is the target's once it is done. Failures that nobody has read go along, so that they are told
  // where the copy is read.
  std::shared_ptr<Failure> failure;
  bool unread = false;
  std::atomic<bool> done{false};
};

// Queues the copy of `from`, a block of the source, to `to`, a fresh one of the target: after what was queued
// so far on each. Nobody waits.
void transfer(Stream& source, Block* from, Stream& target, Block* to, Block* buffer, size_t bytes);

}  // namespace lb
