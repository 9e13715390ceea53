// What this machine can do at the moment: multiply-adds and memory traffic, through the same thread pool as
// the kernels beside which they are measured. Built by machine.mjs with -O3 -march=native.
#include <landbridge/kernel.h>

#if defined(__AVX512F__) || defined(__AVX__)
  #include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
constexpr int kLanes = kBytes / 4;
typedef float Vector __attribute__((vector_size(kBytes)));
constexpr int kChains = 12;  // more than latency x ports on any CPU, fewer than registers

// 2 * kChains * kLanes * rounds operations, none of which waits for another chain.
float multiply_add(int64_t rounds, float seed) {
  Vector sums[kChains], factor = Vector{} + 0.999999f, term = Vector{} + seed;
  for (int i = 0; i < kChains; ++i) sums[i] = Vector{} + (seed + static_cast<float>(i));
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kChains; ++i) sums[i] = sums[i] * factor + term;
  }
  Vector total = sums[0];
  for (int i = 1; i < kChains; ++i) total += sums[i];
  float sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += total[lane];
  return sum;
}

// A store that does not read the line first, where the CPU has one: the best that memory gives.
void stream(float* to, Vector value) {
#if defined(__AVX512F__)
  _mm512_stream_ps(to, reinterpret_cast<__m512>(value));
#elif defined(__AVX__)
  _mm256_stream_ps(to, reinterpret_cast<__m256>(value));
#else
  *reinterpret_cast<Vector*>(to) = value;
#endif
}

Vector load(const float* from) {
  return *reinterpret_cast<const Vector*>(from);
}

constexpr int64_t kGrain = 1 << 16;

}  // namespace

// Output: [chunks], one partial result each. Parameter: rounds per chunk. The number of operations of one
// round stands in probeOperations.
LANDBRIDGE_KERNEL(probeFma, cpu, float32) {
  float* out = call.out(0).as<float>();
  const float seed = call.in(0).as<float>()[0];
  const int64_t rounds = call.integer(0);
  call.parallel_for(call.out(0).count, 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = multiply_add(rounds, seed);
  });
}

// Output: [1], the floating-point operations of one round of probeFma.
LANDBRIDGE_KERNEL(probeOperations, cpu, float32) {
  call.out(0).as<float>()[0] = 2.0f * kChains * kLanes;
}

// Reads x [n], n a multiple of 65,536. Output: [n / 65536] sums.
LANDBRIDGE_KERNEL(probeRead, cpu, float32) {
  const float* x = call.in(0).as<float>();
  float* out = call.out(0).as<float>();
  call.parallel_for(call.in(0).count, kGrain, [=](int64_t begin, int64_t end) {
    Vector sums[8] = {};
    for (int64_t i = begin; i < end; i += 8 * kLanes)
      for (int k = 0; k < 8; ++k) sums[k] += load(x + i + k * kLanes);
    float total = 0;
    for (int k = 0; k < 8; ++k)
      for (int lane = 0; lane < kLanes; ++lane) total += sums[k][lane];
    out[begin / kGrain] = total;
  });
}

// y = x; n a multiple of 65,536. Output: [n].
LANDBRIDGE_KERNEL(probeCopy, cpu, float32) {
  const float* x = call.in(0).as<float>();
  float* out = call.out(0).as<float>();
  call.parallel_for(call.in(0).count, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) stream(out + i, load(x + i));
  });
}

// y = x + 3 z, the triad of McCalpin's STREAM; n a multiple of 65,536. Output: [n].
LANDBRIDGE_KERNEL(probeTriad, cpu, float32) {
  const float *x = call.in(0).as<float>(), *z = call.in(1).as<float>();
  float* out = call.out(0).as<float>();
  call.parallel_for(call.in(0).count, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) stream(out + i, load(x + i) + 3.0f * load(z + i));
  });
}
