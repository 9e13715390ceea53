// Where the largest (smallest) value stands along the middle axis of [outer, n, inner]. Params: outer, n,
// inner.
#include "../cpu/simd.h"
#include "landbridge/kernel.h"

namespace {

constexpr int64_t kColumns = 256;    // neighbouring results that are found at once
constexpr int64_t kBlock = 256;      // elements of a run that are passed over at once
constexpr int64_t kGrain = 1 << 16;  // elements per chunk

// NaN beats all but an earlier NaN; equal values leave the first in place.
struct Larger {
  template <class X>
  static X better(X a, X b) {
    return (a > b) | (a != a) ? a : b;
  }
  template <class T>
  static bool beats(T a, T best) {
    return (a > best) | ((a != a) & (best == best));
  }
};
struct Smaller {
  template <class X>
  static X better(X a, X b) {
    return (a < b) | (a != a) ? a : b;
  }
  template <class T>
  static bool beats(T a, T best) {
    return (a < best) | ((a != a) & (best == best));
  }
};

// The extreme of a block of kBlock elements, NaN where there is one: in vectors, which know no place.
template <class Order, class T>
T extreme(const T* in) {
  typedef T Lanes __attribute__((vector_size(4 * LB_LANES)));
  Lanes best[4];
  __builtin_memcpy(best, in, sizeof best);
  for (int64_t i = 4 * LB_LANES; i < kBlock; i += 4 * LB_LANES) {
    Lanes next[4];
    __builtin_memcpy(next, in + i, sizeof next);
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) best[k] = Order::better(next[k], best[k]);
  }
  const Lanes all = Order::better(Order::better(best[0], best[1]), Order::better(best[2], best[3]));
  T found = all[0];
  for (int i = 1; i < LB_LANES; ++i) found = Order::better(all[i], found);
  return found;
}

// Where the extreme of a run stands: blocks that hold no better one are passed over.
template <class Order, class T>
int64_t search_run(const T* in, int64_t n) {
  int64_t at = 0;
  for (int64_t block = 0; block < n; block += kBlock) {
    const int64_t end = n - block < kBlock ? n : block + kBlock;
    if (end - block == kBlock && block > 0 && !Order::beats(extreme<Order>(in + block), in[at])) continue;
    for (int64_t i = block; i < end; ++i) at = Order::beats(in[i], in[at]) ? i : at;
  }
  return at;
}

// One long run, cut into stretches; the first of equal values wins, so they are compared in order.
template <class Order, class T>
void search_long(landbridge::Call& call, const T* in, int64_t n, int32_t* out) {
  const int64_t parts = (n + kGrain - 1) / kGrain;
  int64_t* place = call.workspace<int64_t>(parts);
  if (place == nullptr) return;
  for (int64_t part = 0; part < parts; ++part) place[part] = part * kGrain;
  call.parallel_for(parts, 1, [=](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part * kGrain, left = n - first;
      place[part] = first + search_run<Order>(in + first, left < kGrain ? left : kGrain);
    }
  });
  int64_t at = 0;
  for (int64_t part = 0; part < parts; ++part) at = Order::beats(in[place[part]], in[at]) ? place[part] : at;
  *out = static_cast<int32_t>(at);
}

// `count` neighbouring columns of n rows, `stride` apart.
template <class Order, class T>
void search(const T* in, int64_t n, int64_t stride, int64_t count, int32_t* out) {
  if (stride == 1) {
    *out = static_cast<int32_t>(search_run<Order>(in, n));
    return;
  }
  T best[kColumns];
  for (int64_t i = 0; i < count; ++i) {
    best[i] = in[i];
    out[i] = 0;
  }
  for (int64_t row = 1; row < n; ++row) {
    const T* values = in + row * stride;
    for (int64_t i = 0; i < count; ++i) {
      const bool better = Order::beats(values[i], best[i]);
      best[i] = better ? values[i] : best[i];
      out[i] = better ? static_cast<int32_t>(row) : out[i];
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
  if (outer == 1 && inner == 1 && n > kGrain) return search_long<Order>(call, in, n, out);
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
