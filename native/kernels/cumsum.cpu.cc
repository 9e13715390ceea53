// Running sums along the middle axis of [outer, n, inner]. Params: outer, n, inner, exclusive, reverse.
#include "landbridge/kernel.h"

namespace {

constexpr int64_t kColumns = 256;    // sums that are carried at once
constexpr int64_t kGrain = 1 << 15;  // elements per chunk

// `count` neighbouring columns of n rows that lie `stride` apart (negative: from the last row up).
template <class T, class Wide>
void run(const T* in, T* out, int64_t n, int64_t stride, int64_t count, bool exclusive) {
  Wide total[kColumns];
  for (int64_t i = 0; i < count; ++i) total[i] = 0;
  for (int64_t row = 0; row < n; ++row) {
    const T* source = in + row * stride;
    T* target = out + row * stride;
    if (exclusive) {
      for (int64_t i = 0; i < count; ++i) target[i] = static_cast<T>(total[i]);
    }
    for (int64_t i = 0; i < count; ++i) total[i] += static_cast<Wide>(source[i]);
    if (!exclusive) {
      for (int64_t i = 0; i < count; ++i) target[i] = static_cast<T>(total[i]);
    }
  }
}

template <class T, class Wide>
void cumsum(landbridge::Call& call) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  const bool exclusive = call.flag(3), reverse = call.flag(4);
  if (call.out(0).count == 0) return;
  const T* in = call.in(0).as<const T>();
  T* out = call.out(0).as<T>();
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  const int64_t work = n * (inner < kColumns ? inner : kColumns), first = reverse ? (n - 1) * inner : 0;
  call.parallel_for(outer * blocks, work < kGrain ? kGrain / work : 1, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const int64_t column = at % blocks * kColumns, left = inner - column;
      const int64_t start = at / blocks * n * inner + column + first;
      run<T, Wide>(in + start, out + start, n, reverse ? -inner : inner, left < kColumns ? left : kColumns,
                   exclusive);
    }
  });
}

}  // namespace

LANDBRIDGE_KERNEL(cumsum, cpu, float32) {
  cumsum<float, double>(call);
}
// Integers wrap around: summed as unsigned, where overflow is defined.
LANDBRIDGE_KERNEL(cumsum, cpu, int32) {
  cumsum<int32_t, uint32_t>(call);
}
