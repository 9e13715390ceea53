// The process-wide thread pool behind parallel_for.
#pragma once

#include <atomic>
#include <cstdint>

namespace lb {

using ChunkBody = void (*)(void* context, int64_t begin, int64_t end);

// Runs body over [0, count) in chunks of `grain`; returns when all have run. Boundaries depend on count and
// grain alone, so results do not depend on the number of threads. Runs inline when there is one chunk, when
// called from inside a chunk, or when another stream holds the pool. `cancelled` (may be null): no further
// chunk is handed out once set.
void parallel_for(int64_t count, int64_t grain, ChunkBody body, void* context,
                  const std::atomic<bool>* cancelled);

void set_threads(int count);  // 1 … 256, the calling thread included
int threads();

}  // namespace lb
