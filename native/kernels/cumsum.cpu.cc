// Running sums along the middle axis of [outer, n, inner]. Params: outer, n, inner, exclusive, reverse.
#include "landbridge/kernel.h"

namespace {

constexpr int64_t kColumns = 256;    // sums that are carried at once
constexpr int64_t kStretch = 64;     // elements of one of four stretches side by side
constexpr int64_t kGrain = 1 << 15;  // elements per chunk

// `count` neighbouring columns of n rows that lie `stride` apart (negative: from the last row up).
template <class T, class Wide>
void columns(const T* in, T* out, int64_t n, int64_t stride, int64_t count, bool exclusive) {
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

// Σ of a stretch of a run; eight sums, for one addition need not wait for the other.
template <class T, class Wide>
Wide stretch_sum(const T* in, int64_t n, int64_t step) {
  Wide sums[8] = {};
  const int64_t whole = n / 8 * 8;
  for (int64_t i = 0; i < whole; i += 8) {
    for (int k = 0; k < 8; ++k) sums[k] += static_cast<Wide>(in[(i + k) * step]);
  }
  for (int64_t i = whole; i < n; ++i) sums[0] += static_cast<Wide>(in[i * step]);
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

// Running sums of a run that starts at `total`. Four stretches go on side by side, each from the sum of those
// before it: a running sum by itself waits for every addition.
template <class T, class Wide>
void run(const T* in, T* out, int64_t n, int64_t step, bool exclusive, Wide total) {
  int64_t at = 0;
  for (; n - at >= 4 * kStretch; at += 4 * kStretch) {
    Wide sums[4];
    sums[0] = total;
    for (int k = 1; k < 4; ++k) {
      sums[k] = sums[k - 1] + stretch_sum<T, Wide>(in + (at + (k - 1) * kStretch) * step, kStretch, step);
    }
    for (int64_t i = 0; i < kStretch; ++i) {
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        const int64_t place = (at + k * kStretch + i) * step;
        const Wide before = sums[k];
        sums[k] += static_cast<Wide>(in[place]);
        out[place] = static_cast<T>(exclusive ? before : sums[k]);
      }
    }
    total = sums[3];
  }
  for (; at < n; ++at) {
    const Wide before = total;
    total += static_cast<Wide>(in[at * step]);
    out[at * step] = static_cast<T>(exclusive ? before : total);
  }
}

// Runs along the innermost axis, cut into parts: sums of the parts first, then each part from where it
// stands.
template <class T, class Wide>
void runs(landbridge::Call& call, const T* in, T* out, int64_t outer, int64_t n, bool exclusive,
          bool reverse) {
  const int64_t parts = (n + kGrain - 1) / kGrain, step = reverse ? -1 : 1;
  Wide* starts = call.workspace<Wide>(outer * parts);
  if (starts == nullptr) return;
  // f(start of the part, its elements, the part)
  const auto each_part = [&](const auto& f) {
    call.parallel_for(outer * parts, n < kGrain ? kGrain / n : 1, [=](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int64_t skipped = item % parts * kGrain, left = n - skipped;
        const int64_t first = item / parts * n + (reverse ? n - 1 - skipped : skipped);
        f(first, left < kGrain ? left : kGrain, item);
      }
    });
  };
  for (int64_t i = 0; i < outer * parts; ++i) starts[i] = 0;
  if (parts > 1) {
    each_part([=](int64_t first, int64_t count, int64_t item) {
      if ((item + 1) % parts != 0) starts[item + 1] = stretch_sum<T, Wide>(in + first, count, step);
    });
  }
  for (int64_t i = 1; i < outer * parts; ++i) {
    if (i % parts != 0) starts[i] += starts[i - 1];
  }
  each_part([=](int64_t first, int64_t count, int64_t item) {
    run<T, Wide>(in + first, out + first, count, step, exclusive, starts[item]);
  });
}

template <class T, class Wide>
void cumsum(landbridge::Call& call) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  const bool exclusive = call.flag(3), reverse = call.flag(4);
  if (call.out(0).count == 0) return;
  const T* in = call.in(0).as<const T>();
  T* out = call.out(0).as<T>();
  if (inner == 1) return runs<T, Wide>(call, in, out, outer, n, exclusive, reverse);
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  const int64_t work = n * (inner < kColumns ? inner : kColumns), first = reverse ? (n - 1) * inner : 0;
  call.parallel_for(outer * blocks, work < kGrain ? kGrain / work : 1, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const int64_t column = at % blocks * kColumns, left = inner - column;
      const int64_t start = at / blocks * n * inner + column + first;
      columns<T, Wide>(in + start, out + start, n, reverse ? -inner : inner,
                       left < kColumns ? left : kColumns, exclusive);
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
