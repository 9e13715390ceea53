// The limits of launches for limits.test.ts: fails with the refusal of a launch of the given extent, if there
// is one.
#include "landbridge/cuda/limits.h"

#include <landbridge/kernel.h>

LANDBRIDGE_KERNEL(test_limits, cpu, float32) {
  const auto at = [&](int i) { return static_cast<unsigned>(call.integer(i)); };
  const landbridge::cuda::Extent extent{
      {at(0), at(1), at(2)}, {at(3), at(4), at(5)}, static_cast<size_t>(call.integer(6))};
  call.out(0).as<float>()[0] = landbridge::cuda::is_empty(extent);
  if (const char* sentence = landbridge::cuda::refusal(extent)) call.fail(sentence);
}
