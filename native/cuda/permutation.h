// The shuffle of Fisher & Yates, all steps at once. Step i exchanges places i and target(i) ≥ i, and what
// then stands at place i stays. It came from the last step before i with the same target, which left there
// what it found at its own place; and that in turn came from the last step before it that had that place as
// target, and so on: sorted by target, every step finds its forerunners as neighbours. The chains have some
// ln n links.
#pragma once

#include "philox.h"
#include "sort.h"

namespace landbridge::cuda {
namespace {

constexpr int32_t kNone = -1;

struct Steps {
  Global<int32_t> targets;
  Global<int32_t> before;  // the last step before with the same target
  Global<int32_t> source;  // the last step before with this step's own place as target
  explicit operator bool() const { return targets && before && source; }
};

inline void draw_targets(Call& call, int64_t count, const Steps& steps, const Keyed& items) {
  each_word(call, count, [=] __device__(int64_t i, uint32_t word) {
    const auto target = static_cast<int32_t>(i + scaled_word(word, static_cast<uint64_t>(count - i)));
    steps.targets[i] = items.keys[i] = target;
    items.positions[i] = static_cast<int32_t>(i);
    steps.source[i] = kNone;
  });
}

inline void link_steps(Call& call, int64_t count, const Steps& steps, const Keyed& sorted) {
  each(call, count, [=] __device__(int64_t i) {
    const int32_t target = sorted.keys[i], step = sorted.positions[i];
    const int32_t before = i > 0 && sorted.keys[i - 1] == target ? sorted.positions[i - 1] : kNone;
    steps.before[step] = before;
    // The last of its target; a step that has its own place as target is no forerunner of itself.
    if (i + 1 == count || sorted.keys[i + 1] != target) steps.source[target] = step == target ? before : step;
  });
}

inline void follow_steps(Call& call, int64_t count, const Steps& steps, Global<int32_t> out) {
  each(call, count, [=] __device__(int64_t i) {
    int32_t step = steps.before[i];
    if (step == kNone) {
      out[i] = steps.targets[i];
      return;
    }
    for (int32_t source = steps.source[step]; source != kNone; source = steps.source[step]) step = source;
    out[i] = step;
  });
}

// The numbers from 0 to count − 1 in random order.
inline void permute(Call& call, int64_t count, Global<int32_t> out) {
  const Steps steps{scratch<int32_t>(call, count + 1), scratch<int32_t>(call, count + 1),
                    scratch<int32_t>(call, count + 1)};
  const Keyed items = keyed_scratch(call, count);
  if (!steps || !items) return;
  draw_targets(call, count, steps, items);
  const Keyed sorted = sort_items(call, items, count, count);
  if (!sorted) return;
  link_steps(call, count, steps, sorted);
  follow_steps(call, count, steps, out);
}

}  // namespace
}  // namespace landbridge::cuda
