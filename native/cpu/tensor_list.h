// Loops over the elements of many tensors as if they were one, for kernels that serve a whole list.
#pragma once

#include "landbridge/kernel.h"
#include "simd.h"

namespace lb {
namespace {

constexpr int64_t kListGrain = 1 << 14;  // elements per chunk

// Calls f(tensor, begin, end, chunk) for pieces of `tensors` tensors of count(tensor) elements each. Chunks
// count elements across tensors, so that many small tensors share one; they depend on the counts only.
template <class Count, class F>
void for_elements(landbridge::Call& call, int64_t tensors, const Count& count, const F& f) {
  int64_t* first = call.workspace<int64_t>(tensors + 1);  // where each tensor begins
  if (first == nullptr) return;
  first[0] = 0;
  for (int64_t i = 0; i < tensors; ++i) first[i + 1] = first[i] + count(i);
  call.parallel_for(first[tensors], kListGrain, [&](int64_t begin, int64_t end) {
    int64_t low = 0, high = tensors;  // first[low] <= begin < first[high]
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (first[middle] <= begin ? low : high) = middle;
    }
    for (int64_t at = begin; at < end; ++low) {
      const int64_t stop = first[low + 1] < end ? first[low + 1] : end;
      if (stop > at) f(low, at - first[low], stop - first[low], begin / kListGrain);
      at = stop;
    }
  });
}

// Calls f(at, lanes) for vectors over [begin, end); the last may have fewer lanes.
template <class F>
void for_vectors(int64_t begin, int64_t end, const F& f) {
  int64_t at = begin;
  for (; at + simd::kLanes <= end; at += simd::kLanes) f(at, simd::kLanes);
  if (at < end) f(at, end - at);
}

}  // namespace
}  // namespace lb
