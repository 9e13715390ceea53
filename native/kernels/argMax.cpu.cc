// Where the largest (smallest) value stands along the middle axis of [outer, n, inner]. Params: outer, n,
// inner.
#include "landbridge/kernel.h"

namespace {

constexpr int64_t kColumns = 256;    // neighbouring results that are found at once
constexpr int64_t kGrain = 1 << 16;  // elements per chunk

// NaN beats all but an earlier NaN; equal values leave the first in place.
struct Larger {
  template <class T>
  static bool beats(T a, T best) {
    return a > best || (a != a && best == best);
  }
};
struct Smaller {
  template <class T>
  static bool beats(T a, T best) {
    return a < best || (a != a && best == best);
  }
};

// `count` neighbouring columns of n rows, `stride` apart.
template <class Order, class T>
void search(const T* in, int64_t n, int64_t stride, int64_t count, int32_t* out) {
  T best[kColumns];
  for (int64_t i = 0; i < count; ++i) {
    best[i] = in[i];
    out[i] = 0;
  }
  for (int64_t row = 1; row < n; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      const T value = in[row * stride + i];
      if (!Order::beats(value, best[i])) continue;
      best[i] = value;
      out[i] = static_cast<int32_t>(row);
    }
  }
}

template <class Order, class T>
void arg(landbridge::Call& call) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  const T* in = call.in(0).as<const T>();
  int32_t* out = call.out(0).as<int32_t>();
  if (call.out(0).count == 0) return;
  LANDBRIDGE_REQUIRE(n > 0 && n <= INT32_MAX, "expected 1 to 2147483647 elements to search");
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  const int64_t work = n * (inner < kColumns ? inner : kColumns);
  call.parallel_for(outer * blocks, work < kGrain ? kGrain / work : 1, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const int64_t column = at % blocks * kColumns, left = inner - column, slab = at / blocks;
      search<Order>(in + slab * n * inner + column, n, inner, left < kColumns ? left : kColumns,
                    out + slab * inner + column);
    }
  });
}

}  // namespace

LANDBRIDGE_KERNEL(argMax, cpu, float32) {
  arg<Larger, float>(call);
}
LANDBRIDGE_KERNEL(argMax, cpu, int32) {
  arg<Larger, int32_t>(call);
}
LANDBRIDGE_KERNEL(argMin, cpu, float32) {
  arg<Smaller, float>(call);
}
LANDBRIDGE_KERNEL(argMin, cpu, int32) {
  arg<Smaller, int32_t>(call);
}
