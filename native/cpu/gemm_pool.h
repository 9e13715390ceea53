// The host's thread pool as products use it.
#pragma once

#include "gemm_task.h"
#include "landbridge/kernel.h"

namespace lb {
namespace {

// Products hand out tasks one by one; a chunk of one task is what the pool calls.
inline void run_tasks(void* ctx, int64_t count, void (*body)(void*, int64_t), void* body_ctx) {
  landbridge::Call& call = *static_cast<landbridge::Call*>(ctx);
  call.parallel_for(count, 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(body_ctx, i);
  });
}

inline simd::Parallel pool_of(landbridge::Call& call) {
  return {run_tasks, &call};
}

}  // namespace
}  // namespace lb
