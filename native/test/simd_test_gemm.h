// cpu/gemm.h against a triple loop in double, over shapes, transpositions, leading dimensions and epilogues.
#pragma once
#include <cmath>
#include <thread>
#include <vector>

#include "cpu/gemm.h"
#include "simd_test_support.h"

// What products ask of their host, with exactly the size asked for (the sanitizers see what is written
// beyond).
extern "C" void* lb_gemm_scratch(int slot, size_t bytes) {
  static thread_local std::vector<float> slots[4];
  slots[slot].assign(bytes / sizeof(float) + 16, NAN);  // stale panels must not reach a result
  const uintptr_t start = (uintptr_t)slots[slot].data();
  return (void*)((start + 63) / 64 * 64);
}

namespace {

using lb::simd::Gemm;
using lb::simd::Parallel;

// A stored matrix whose rows are `ld` apart; the gaps hold NaN, which would show in any result that used
// them.
struct Matrix {
  int64_t rows, cols, ld;
  std::vector<float> data;
  Matrix(int64_t r, int64_t c, int64_t gap) : rows(r), cols(c), ld(c + gap), data((size_t)(r * ld + 1), NAN) {
    for (int64_t i = 0; i < r; i++) {
      for (int64_t j = 0; j < c; j++) at(i, j) = (float)random_in(-1, 1);
    }
  }
  float& at(int64_t i, int64_t j) { return data[(size_t)(i * ld + j)]; }
};

struct Case {
  int64_t m, n, k, gap;
  bool trans_a, trans_b, accumulate, bias, relu;
};

// Tasks in reverse order, and on three threads in turns: neither may change a bit.
void run_backwards(void*, int64_t count, void (*body)(void*, int64_t), void* ctx) {
  for (int64_t i = count - 1; i >= 0; i--) body(ctx, i);
}
void run_threads(void*, int64_t count, void (*body)(void*, int64_t), void* ctx) {
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 3; t++) {
    threads.emplace_back([=] {
      for (int64_t i = t; i < count; i += 3) body(ctx, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void run_gemm(const Gemm& g, const Parallel& parallel) {
  check(lb::simd::gemm(g, parallel), "gemm %d x %d x %d ran out of memory", (int)g.m, (int)g.n, (int)g.k);
}

void test_case(const Case& t) {
  Matrix a(t.trans_a ? t.k : t.m, t.trans_a ? t.m : t.k, t.gap),
      b(t.trans_b ? t.n : t.k, t.trans_b ? t.k : t.n, t.gap);
  Matrix bias(1, t.n, 0), before(t.m, t.n, t.gap);
  if (!t.accumulate) {  // C must not be read then
    for (float& x : before.data) x = NAN;
  }
  Matrix c = before, other = before;
  Gemm g = {t.m,           t.n,   t.k,       a.data.data(), a.ld, t.trans_a,
            b.data.data(), b.ld,  t.trans_b, c.data.data(), c.ld, t.bias ? bias.data.data() : nullptr,
            t.accumulate,  t.relu};
  run_gemm(g, {nullptr, nullptr});
  int64_t wrong = 0;
  for (int64_t i = 0; i < t.m; i++) {
    for (int64_t j = 0; j < t.n; j++) {
      double sum = t.accumulate ? before.at(i, j) : 0.0, size = std::fabs(sum);
      for (int64_t p = 0; p < t.k; p++) {
        const double x = t.trans_a ? a.at(p, i) : a.at(i, p), y = t.trans_b ? b.at(j, p) : b.at(p, j);
        sum += x * y;
        size += std::fabs(x * y);
      }
      if (t.bias) sum += bias.at(0, j), size += std::fabs(bias.at(0, j));
      if (t.relu && sum < 0) sum = 0;
      // Rounding of each product and each of k + 2 additions, whatever their order.
      const double bound = (double)(t.k + 3) * 0x1p-24 * size;
      wrong += !(std::fabs(c.at(i, j) - sum) <= bound);
    }
    for (int64_t j = t.n; j < c.ld; j++) wrong += !std::isnan(c.at(i, j));
  }
  check(wrong == 0, "gemm %d x %d x %d, gap %d, trans %d%d, accumulate %d, bias %d, relu %d: %d wrong",
        (int)t.m, (int)t.n, (int)t.k, (int)t.gap, t.trans_a, t.trans_b, t.accumulate, t.bias, t.relu,
        (int)wrong);
  for (auto run : {run_backwards, run_threads}) {
    if (run == run_threads && t.m * t.n * t.k < 100000) continue;
    other = before;
    g.c = other.data.data();
    run_gemm(g, {run, nullptr});
    check(memcmp(c.data.data(), other.data.data(), c.data.size() * sizeof(float)) == 0,
          "gemm %d x %d x %d depends on the order of tasks", (int)t.m, (int)t.n, (int)t.k);
  }
}

// NaN and inf must reach exactly the elements they belong to: inf * 0 is NaN, zeros are never skipped.
void test_special_values(int64_t size) {
  std::vector<float> a((size_t)(size * size), 1e-40f), b((size_t)(size * size), 0.0f), c(a);
  for (int64_t i = 0; i < size; i++) b[(size_t)(i * size + i)] = 1.0f;  // identity
  a[(size_t)(2 * size + 1)] = INFINITY;
  b[(size_t)(3 * size + 4)] = NAN;
  const Gemm g = {size, size,  size,     a.data(), size,    false, b.data(),
                  size, false, c.data(), size,     nullptr, false, false};
  run_gemm(g, {nullptr, nullptr});
  int wrong = 0;
  for (int64_t i = 0; i < size; i++) {
    for (int64_t j = 0; j < size; j++) {
      const float x = c[(size_t)(i * size + j)];
      if (j == 4 || (i == 2 && j != 1)) {
        wrong += !std::isnan(x);
      } else {
        wrong += x != (i == 2 ? INFINITY : 1e-40f);  // denormals survive
      }
    }
  }
  check(wrong == 0, "gemm of %d: %d special values went wrong", (int)size, wrong);
}

// A sum longer than the panels of B may be, without cutting it into parts.
void test_long_sum() {
  const int64_t m = 5, n = 35, k = 2 * lb::simd::kMaxDepth + 3;
  Matrix a(m, k, 0), b(k, n, 0), c(m, n, 0);
  const lb::simd::Output out{c.data.data(), n, nullptr, nullptr, nullptr, false, true, false};
  lb::simd::shared_product(m, n, k, lb::simd::RowsOfA{a.data.data(), k},
                           lb::simd::MatrixB{b.data.data(), n, false}, out, {nullptr, nullptr});
  int wrong = 0;
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      double sum = 0, size = 0;
      for (int64_t p = 0; p < k; p++) {
        sum += (double)a.at(i, p) * b.at(p, j);
        size += std::fabs((double)a.at(i, p) * b.at(p, j));
      }
      wrong += !(std::fabs(c.at(i, j) - sum) <= 0x1p-18 * size);
    }
  }
  check(wrong == 0, "a sum over %d: %d wrong", (int)k, wrong);
}

void test_gemm() {
  const int64_t shapes[][3] = {
      {1, 1, 1},     {1, 1, 700},   {1, 37, 50},    {1, 600, 33},  {37, 1, 50},      {300, 1, 131},
      {2, 3, 5},     {7, 11, 13},   {16, 16, 16},   {17, 31, 29},  {31, 32, 33},     {32, 32, 32},
      {4, 4, 0},     {1, 5, 0},     {100, 90, 0},   {64, 64, 64},  {37, 41, 43},     {73, 129, 257},
      {12, 32, 300}, {13, 33, 513}, {144, 256, 70}, {97, 10, 128}, {10, 97, 128},    {150, 131, 521},
      {2, 300, 200}, {300, 2, 200}, {4100, 9, 11},  {9, 4200, 11}, {5, 1, 0},        {71, 127, 255},
      {5, 60, 70},   {4, 400, 17},  {2, 9, 300},    {12, 9, 5000}, {150, 300, 1100}, {1, 3000, 300},
      {2500, 1, 200}};
  for (const auto& s : shapes) {
    for (int bits = 0; bits < 32; bits++) {
      test_case({s[0], s[1], s[2], bits & 1 ? 5 : 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0,
                 (bits & 16) != 0, (bits & 24) == 24 || (bits & 9) == 1});
    }
  }
  test_special_values(9);
  test_special_values(75);
  test_long_sum();
}

}  // namespace
