// Indices are data: only a kernel sees one that is out of range.
#pragma once

#include <cstdio>

#include "elementwise.h"

namespace landbridge::cuda {
namespace {

// Reports an index outside of [0, size), and keeps in bounds.
struct IndexCheck {
  Report report;
  int64_t size;

  IndexCheck(Call& call, int64_t limit) : report{}, size(limit) {
    char message[96] = "expected no indices into an empty axis, received %d";
    if (size > 0) {
      std::snprintf(message, sizeof message, "expected indices from 0 to %lld, received %%d",
                    static_cast<long long>(size - 1));
    }
    report = landbridge::cuda::report(call, message);
  }
  __device__ int32_t operator()(int32_t index) const {
    if (index >= 0 && index < size) return index;
    report.fail(index);
    return 0;
  }
};

// For outputs without elements: nothing is read, but the indices are still to be right.
inline void check_indices(Call& call, const View& indices, int64_t size) {
  const IndexCheck check(call, size);
  const auto index = global<const int32_t>(indices);
  each(call, indices.count, [=] __device__(int64_t i) { check(index[i]); });
}

}  // namespace
}  // namespace landbridge::cuda
