// Tests of native/cpu/simd.h, math.h and gemm.h against naive double-precision references. Build and run at
// each level, from the repository root:
//   F="-std=c++20 -O3 -ffp-contract=fast -fno-math-errno -fno-exceptions -fno-rtti -Wall -Wextra -Inative"
//   g++ $F -march=x86-64-v2 native/test/simd_test.cc -o simd_test -pthread && ./simd_test
//   g++ $F -march=x86-64-v2 -mavx2 -mfma …
//   g++ $F -march=x86-64-v2 -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl
//       -mprefer-vector-width=512 …
// An argument sets the step through the float bit patterns (default 4999; 97 takes a quarter of a minute).
#include "simd_test_gemm.h"
#include "simd_test_math.h"

namespace {

using namespace lb::simd;

// Loads of the first n lanes must not read, stores not write, what lies beyond.
void test_partial_memory() {
  for (int n = 0; n <= kLanes; n++) {
    float in[kLanes + 1], out[kLanes + 1];
    for (int i = 0; i <= kLanes; i++) in[i] = (float)(i + 1), out[i] = -7.0f;
    const vf v = load(in, n);
    store(out, load(in), n);
    bool same = out[kLanes] == -7.0f;
    for (int i = 0; i < kLanes; i++) {
      same = same && v[i] == (i < n ? in[i] : 0.0f) && out[i] == (i < n ? in[i] : -7.0f);
    }
    check(same, "partial load and store of %d lanes", n);
  }
}

void test_reductions() {
  for (int lane = 0; lane < kLanes; lane++) {
    vf v{};
    for (int i = 0; i < kLanes; i++) v[i] = (float)(i * i);
    const double total = (kLanes - 1) * kLanes * (2 * kLanes - 1) / 6.0;  // sum of squares
    check(hsum(v) == total, "hsum");
    v[lane] = 1000.0f;
    check(hmax(v) == 1000.0f && hmin(-v) == -1000.0f, "hmax and hmin, lane %d", lane);
    check(any(v == 1000.0f) && !any(v == 1001.0f), "any, lane %d", lane);
    v[lane] = kNaN;
    check(hmax(v) != hmax(v) && hmin(v) != hmin(v), "hmax and hmin with NaN in lane %d", lane);
  }
}

void test_min_max() {
  const float values[] = {-kInf, -2.0f, 0.0f, 3.0f, kInf, kNaN};
  for (float a : values) {
    for (float b : values) {
      const bool nan = a != a || b != b;
      const float low = min(splat(a), splat(b))[0], high = max(splat(a), splat(b))[0];
      check(nan ? low != low : low == (a < b ? a : b), "min(%g, %g) = %g", a, b, low);
      check(nan ? high != high : high == (a > b ? a : b), "max(%g, %g) = %g", a, b, high);
    }
  }
}

void test_conversions() {
  const float values[] = {0.0f, 1.9f, -1.9f, 123456.7f, -2147483648.0f};
  for (float x : values) {
    check(to_int(splat(x))[0] == (int32_t)x, "to_int(%g)", x);
    check(to_float(to_int(splat(x)))[0] == (float)(int32_t)x, "to_float(to_int(%g))", x);
  }
  check(__builtin_signbit(splat(-0.0f)[kLanes - 1]) != 0, "splat(-0)");
  check(__builtin_signbit(copysign(splat(kInf), splat(-0.0f))[0]) != 0, "copysign(inf, -0)");
}

}  // namespace

int main(int argc, char** argv) {
  printf("%d lanes\n", kLanes);
  test_partial_memory();
  test_reductions();
  test_min_max();
  test_conversions();
  test_math(argc > 1 ? (uint32_t)atoi(argv[1]) : 4999);
  test_gemm();
  printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
