// Where the largest (smallest) value stands along the middle axis of [outer, n, inner]. Params: outer, n,
// inner.
//
// A value and its place make one number: the value in an order of unsigned integers above, the place from the
// end below. The largest such number is the answer, in whatever order they are compared: of equal values the
// first one.
#include "../cuda/reduce.h"

namespace {

using Key = unsigned long long;

__device__ inline uint32_t bits_of(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

// NaN stands above all, and the zeros are equal.
template <bool kLargest>
__device__ uint32_t order_of(float x) {
  if (x != x) return 0xffffffffu;
  const uint32_t bits = x == 0.0f ? 0 : bits_of(x);
  const uint32_t ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return kLargest ? ascending : ~ascending;
}
template <bool kLargest>
__device__ uint32_t order_of(int32_t x) {
  const uint32_t ascending = static_cast<uint32_t>(x) ^ 0x80000000u;
  return kLargest ? ascending : ~ascending;
}

template <class T, bool kLargest>
struct Extreme {
  using Lane = Key;
  using Wide = Key;
  __device__ static Key start() { return 0; }
  __device__ static Key merge(Key a, Key b) { return a > b ? a : b; }
  __device__ static Key combine(Key a, T b, int64_t place) {
    return merge(
        a, static_cast<Key>(order_of<kLargest>(b)) << 32 | (0xffffffffu - static_cast<uint32_t>(place)));
  }
};

struct Place {
  __device__ int32_t operator()(Key key) const {
    return static_cast<int32_t>(0xffffffffu - static_cast<uint32_t>(key));
  }
};

template <class T, bool kLargest>
void search(landbridge::Call& call) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  if (call.out(0).count == 0) return;
  LANDBRIDGE_REQUIRE(n > 0 && n <= INT32_MAX, "expected 1 to 2147483647 elements to search");
  landbridge::cuda::reduce<Extreme<T, kLargest>, T, int32_t>(call, landbridge::cuda::Axes(outer, n, inner),
                                                             Place());
}

}  // namespace

LANDBRIDGE_KERNEL(argMax, cuda, float32) {
  search<float, true>(call);
}
LANDBRIDGE_KERNEL(argMax, cuda, int32) {
  search<int32_t, true>(call);
}
LANDBRIDGE_KERNEL(argMin, cuda, float32) {
  search<float, false>(call);
}
LANDBRIDGE_KERNEL(argMin, cuda, int32) {
  search<int32_t, false>(call);
}
