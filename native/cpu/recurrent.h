// What the recurrent layers share. The steps of a sequence depend on each other but the rows of a batch do
// not: a task takes a block of rows through all steps, with no barrier in between. Blocks are cut by the
// shape alone, so results are the same bits at any number of threads.
//
// The product with the recurrent weights is small (rows x H x gates·H) and comes back every step: the weights
// are packed once, and a tile of rows keeps the sums of all gates of kLanes units in registers, where the
// gates' arithmetic picks them up.
#pragma once
#include "landbridge/kernel.h"
#include "math.h"

namespace lb::recurrent {
namespace {

using landbridge::Call;
using landbridge::View;
using simd::kLanes;
using simd::vf;

constexpr int64_t kBlockRows = 16;  // rows of one task

// Rows of a tile: with V vectors in each they fill the registers but for one row of weights and a broadcast.
template <int V>
constexpr int kTileRows = (kLanes == 16  ? 24
                           : kLanes == 8 ? 12
                                         : 8) /
                          V;

LB_INLINE int64_t divide_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
LB_INLINE int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
// The distance of rows in a task's own buffers. The extra line keeps rows out of each other's cache sets.
LB_INLINE int64_t padded(int64_t width) {
  return divide_up(width, 16) * 16 + 16;
}

// acc[r][v] += Σ_p a[r·lda + p] · b[p][v], where b holds V vectors for each p.
template <int R, int V>
LB_INLINE void multiply(int64_t k, const float* a, int64_t lda, const float* b, vf (&acc)[R][V]) {
  for (int64_t p = 0; p < k; ++p, b += V * kLanes) {
    vf row[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) row[v] = simd::load(b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const vf scale = simd::splat(a[r * lda + p]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) acc[r][v] = simd::fma(scale, row[v], acc[r][v]);
    }
  }
}

// Calls f.template operator()<R>(first) for tiles of nearly equal size, none above Most rows.
template <int Most, class F>
LB_INLINE void dispatch_rows(int64_t rows, int64_t first, const F& f) {
  if constexpr (Most > 1) {
    if (rows < Most) return dispatch_rows<Most - 1>(rows, first, f);
  }
  f.template operator()<Most>(first);
}
template <int Most, class F>
LB_INLINE void for_each_tile(int64_t rows, const F& f) {
  const int64_t tiles = divide_up(rows, Most);
  for (int64_t tile = 0, first = 0; tile < tiles; ++tile) {
    const int64_t count = rows / tiles + (tile < rows % tiles ? 1 : 0);
    dispatch_rows<Most>(count, first, f);
    first += count;
  }
}

// Packs w[units, V·units] for multiply(): for each kLanes units and each row p, a vector per gate; zeros past
// the units.
template <int V>
void pack_gates(Call& call, const float* w, int64_t units, float* packed) {
  call.parallel_for(divide_up(units, kLanes), 1, [=](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      const int64_t unit = group * kLanes, lanes = least(kLanes, units - unit);
      float* to = packed + unit * units * V;
      for (int64_t p = 0; p < units * V; ++p, to += kLanes) {  // p counts rows and, within them, gates
        simd::store(to, simd::load(w + p * units + unit, lanes));
      }
    }
  });
}
template <int V>
int64_t packed_gates(int64_t units) {
  return divide_up(units, kLanes) * kLanes * units * V;
}

constexpr int kWide = 4;  // vectors of a tile of multiply_transposed()

// Packs the transpose of w[units, depth]: for each p, one vector of kLanes rows of w, four groups of them
// side by side while there are four.
LB_INLINE int64_t group_width(int64_t first, int64_t groups) {
  return groups - first < kWide ? 1 : kWide;
}
inline void pack_transposed(Call& call, const float* w, int64_t units, int64_t depth, float* packed) {
  const int64_t groups = divide_up(units, kLanes);
  call.parallel_for(groups, 1, [=](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      const int64_t first = group / kWide * kWide, width = group_width(first, groups);
      const int64_t head = width == kWide ? first : group;
      float* to = packed + head * depth * kLanes + (group - head) * kLanes;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const int64_t unit = group * kLanes + lane;
        const float* from = w + unit * depth;
        for (int64_t p = 0; p < depth; ++p) to[p * width * kLanes + lane] = unit < units ? from[p] : 0.0f;
      }
    }
  });
}
inline int64_t packed_transposed(int64_t units, int64_t depth) {
  return divide_up(units, kLanes) * kLanes * depth;
}

// out[rows, units] (+)= a[rows, depth] · wᵀ. Rows of out are padded: whole vectors are written.
template <int V>
LB_INLINE void multiply_group(int64_t rows, int64_t depth, const float* a, int64_t lda, const float* packed,
                              float* out, int64_t ldo, bool add) {
  for_each_tile<kTileRows<kWide>>(rows, [&]<int R>(int64_t row) {
    vf acc[R][V] = {};
    multiply<R, V>(depth, a + row * lda, lda, packed, acc);
    for (int r = 0; r < R; ++r) {
      for (int v = 0; v < V; ++v) {
        float* at = out + (row + r) * ldo + v * kLanes;
        simd::store(at, add ? simd::load(at) + acc[r][v] : acc[r][v]);
      }
    }
  });
}
inline void multiply_transposed(int64_t rows, int64_t units, int64_t depth, const float* a, int64_t lda,
                                const float* packed, float* out, int64_t ldo, bool add) {
  const int64_t groups = divide_up(units, kLanes);
  for (int64_t group = 0; group < groups;) {
    const int64_t width = group_width(group, groups);
    const float* b = packed + group * depth * kLanes;
    float* to = out + group * kLanes;
    if (width == kWide) {
      multiply_group<kWide>(rows, depth, a, lda, b, to, ldo, add);
    } else {
      multiply_group<1>(rows, depth, a, lda, b, to, ldo, add);
    }
    group += width;
  }
}

// The batch, its steps, and the order in which they are taken.
struct Sequence {
  int64_t rows, steps, units;
  bool reverse;

  // Where step number `step` stands on the axis of time.
  LB_INLINE int64_t time(int64_t step) const { return reverse ? steps - 1 - step : step; }
  // The place of a row's step among all rows and steps.
  LB_INLINE int64_t at(int64_t row, int64_t step) const { return row * steps + time(step); }
  int64_t blocks() const { return divide_up(rows, kBlockRows); }
  int64_t buffer(int64_t width) const { return kBlockRows * padded(width); }

  template <class F>
  void for_each_block(Call& call, const F& f) const {
    const int64_t all = rows;
    call.parallel_for(blocks(), 1, [&f, all](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * kBlockRows;
        f(block, first, least(kBlockRows, all - first));
      }
    });
  }
};

// Up to kLanes neighbouring values.
struct Lanes {
  int64_t count;
  LB_INLINE vf load(const float* p) const { return count == kLanes ? simd::load(p) : simd::load(p, count); }
  LB_INLINE void store(float* p, vf v) const {
    if (count == kLanes) return simd::store(p, v);
    simd::store(p, v, count);
  }
};

// Rows [first, first + count) of a tensor [rows, width] into a task's buffer, zeros where there is none; and
// back.
inline void load_rows(const View& from, int64_t first, int64_t count, int64_t width, float* to) {
  for (int64_t r = 0; r < count; ++r) {
    float* row = to + r * padded(width);
    memset(row, 0, sizeof(float) * static_cast<size_t>(padded(width)));
    if (from)
      memcpy(row, from.as<const float>() + (first + r) * width, sizeof(float) * static_cast<size_t>(width));
  }
}
inline void store_rows(const float* from, int64_t first, int64_t count, int64_t width, const View& to) {
  if (!to) return;
  for (int64_t r = 0; r < count; ++r) {
    memcpy(to.as<float>() + (first + r) * width, from + r * padded(width),
           sizeof(float) * static_cast<size_t>(width));
  }
}

// A matrix as the products below name it.
struct Matrix {
  const float* data;
  int64_t stride;
  bool transposed;
};
inline void product(Call& call, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc,
                    bool accumulate = false, const float* bias = nullptr) {
  lb_gemm g{};
  g.m = m, g.n = n, g.k = k;
  g.a = a.data, g.lda = a.stride, g.transpose_a = a.transposed;
  g.b = b.data, g.ldb = b.stride, g.transpose_b = b.transposed;
  g.c = c, g.ldc = ldc, g.bias = bias, g.accumulate = accumulate;
  call.gemm(g);
}

// The gradients of gates before their activations, per row and step; made by a backward sweep.
struct GateGradients {
  float* data;
  int64_t stride;  // of one step

  // out[units, columns] = Σ hᵀ·(columns from `column` on), h being the state that each step began with: h0
  // for the first step, else the output of the step before. With the first step's rows cleared, whose turn
  // comes first, that is one product of all outputs with the gradients one place on.
  void hidden_weight(Call& call, const Sequence& s, const View& output, const View& h0, int64_t column,
                     int64_t columns, float* out, int64_t ldc) const {
    const float* first = data + s.time(0) * stride + column;
    const float* hidden = h0 ? h0.as<const float>() : nullptr;
    product(call, s.units, columns, h0 ? s.rows : 0, {hidden, s.units, true},
            {first, s.steps * stride, false}, out, ldc);
    if (s.steps < 2 || s.rows == 0) return;
    clear_first(s, column, columns);
    const int64_t ahead = s.reverse ? 1 : 0;
    const float* states = output.as<const float>() + ahead * s.units;
    product(call, s.units, columns, s.rows * s.steps - 1, {states, s.units, true},
            {data + (1 - ahead) * stride + column, stride, false}, out, ldc, true);
  }

 private:
  void clear_first(const Sequence& s, int64_t column, int64_t columns) const {
    for (int64_t row = 0; row < s.rows; ++row) {
      memset(data + s.at(row, 0) * stride + column, 0, sizeof(float) * static_cast<size_t>(columns));
    }
  }
};

// out[i] = the sum over the blocks of partial[block][i], in order.
inline void combine(const double* partial, int64_t blocks, int64_t count, const View& out) {
  for (int64_t i = 0; i < count; ++i) {
    double total = 0;
    for (int64_t block = 0; block < blocks; ++block) total += partial[block * count + i];
    out.as<float>()[i] = static_cast<float>(total);
  }
}

// total[i] += sum[i] for the first lanes.
LB_INLINE void add_lanes(double* total, vf sum, int64_t lanes) {
  for (int64_t i = 0; i < lanes; ++i) total[i] += static_cast<double>(sum[i]);
}

}  // namespace
}  // namespace lb::recurrent
