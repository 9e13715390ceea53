// What a launch may ask of a GPU: the least of sm_80 and sm_90 (CUDA C++ Programming Guide, "Technical
// Specifications per Compute Capability"). Of shared memory 8.6, 8.9 and 12.0 have less, 99 KiB: there the
// driver refuses what is between. Plain host code, tested on the host.
#pragma once

#include <cstddef>
#include <cstdint>

namespace landbridge::cuda {
namespace {

struct Extent {
  unsigned blocks[3], threads[3];
  size_t shared;
};

constexpr uint64_t kMostBlocks[3] = {2147483647, 65535, 65535};
constexpr uint64_t kMostThreads[3] = {1024, 1024, 64};
constexpr uint64_t kMostThreadsInAll = 1024;
constexpr size_t kMostShared = 163 << 10;  // bytes of dynamic shared memory; sm_90 has 227 KiB

constexpr bool is_empty(const Extent& extent) {
  return extent.blocks[0] == 0 || extent.blocks[1] == 0 || extent.blocks[2] == 0;
}

// Why no supported GPU could run this launch; null when all could.
constexpr const char* refusal(const Extent& extent) {
  uint64_t threads = 1;
  for (int axis = 0; axis < 3; ++axis) {
    if (extent.blocks[axis] > kMostBlocks[axis])
      return "expected a tensor that fits a GPU's grid, received a larger one";
    if (extent.threads[axis] > kMostThreads[axis])
      return "expected at most 1024 threads in a block, received more";
    threads *= extent.threads[axis];
  }
  if (threads == 0 || threads > kMostThreadsInAll)
    return "expected 1 to 1024 threads in a block, received another number";
  if (extent.shared > kMostShared)
    return "expected at most 163 KiB of shared memory in a block, received more";
  return nullptr;
}

}  // namespace
}  // namespace landbridge::cuda
