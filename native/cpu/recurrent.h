// What the recurrent layers share. The steps of a sequence depend on each other but the rows of a batch do
// not: a task takes a block of rows through all steps, with no barrier in between. Blocks are cut by the
// shape alone, so results are the same bits at any number of threads.
//
// The products of a step are small (rows x (C + H) x gates·H) and come back every step: the weights are
// packed once, and a tile of rows keeps the sums of all gates of kLanes units in registers, where the gates'
// arithmetic picks them up. Nothing is projected ahead: the products of a tile run at the speed of FMA, and
// what a projection of all steps would write and read again is larger than the weights that stay in the
// cache.
#pragma once
#include "landbridge/kernel.h"
#include "math.h"

namespace lb::recurrent {
namespace {

using landbridge::Call;
using landbridge::View;
using simd::kLanes;
using simd::vf;

// Rows of a tile: with kWide vectors in each they fill the registers but for one row of weights and a
// broadcast.
constexpr int kWide = 4;
constexpr int kTileRows = kLanes == 16 ? 6 : kLanes == 8 ? 3 : 2;

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

// acc[r][v] += Σ_p a[r·lda + p] · b[p][v], where b holds V vectors for each p; the last of them goes to
// acc[r][Last].
template <int V, int Last = V - 1, int R, int W>
LB_INLINE void multiply(int64_t k, const float* a, int64_t lda, const float* b, vf (&acc)[R][W]) {
  for (int64_t p = 0; p < k; ++p, b += V * kLanes) {
    vf row[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) row[v] = simd::load(b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const vf scale = simd::splat(a[r * lda + p]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        const int to = v == V - 1 ? Last : v;
        acc[r][to] = simd::fma(scale, row[v], acc[r][to]);
      }
    }
  }
}

// Sums leave the registers once they are finished. (A single array, indexed at run time by what comes next,
// would be cleared in memory first.)
template <int R, int W>
LB_INLINE void spill(const vf (&from)[R][W], vf (&to)[R][W]) {
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < W; ++v) to[r][v] = from[r][v];
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
template <class F>
LB_INLINE void for_each_tile(int64_t rows, const F& f) {
  const int64_t tiles = divide_up(rows, kTileRows);
  for (int64_t tile = 0, first = 0; tile < tiles; ++tile) {
    const int64_t count = rows / tiles + (tile < rows % tiles ? 1 : 0);
    dispatch_rows<kTileRows>(count, first, f);
    first += count;
  }
}

// Packs w[depth, V·units] for multiply(): for each kLanes units and each row, a vector per gate; zeros past
// the units.
template <int V>
float* pack_gates(Call& call, const View& w, int64_t depth, int64_t units) {
  float* packed = call.workspace<float>(divide_up(units, kLanes) * kLanes * depth * V);
  if (packed == nullptr) return packed;
  const float* from = w.as<const float>();
  call.parallel_for(divide_up(units, kLanes), 1, [=](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      const int64_t unit = group * kLanes, lanes = least(kLanes, units - unit);
      float* to = packed + unit * depth * V;
      for (int64_t p = 0; p < depth * V; ++p, to += kLanes) {  // p counts rows and, within them, gates
        simd::store(to, simd::load(from + p * units + unit, lanes));
      }
    }
  });
  return packed;
}

// Packs the transpose of w[rows, depth]: for each column, one vector of kLanes rows, kWide such groups of
// rows side by side while there are so many. Columns are taken from `start` on, round the end.
LB_INLINE int64_t group_width(int64_t first, int64_t groups) {
  return groups - first < kWide ? 1 : kWide;
}
inline float* pack_transposed(Call& call, const View& w, int64_t rows, int64_t depth, int64_t start = 0) {
  const int64_t groups = divide_up(rows, kLanes);
  float* packed = call.workspace<float>(groups * kLanes * depth);
  if (packed == nullptr) return packed;
  const float* source = w.as<const float>();
  call.parallel_for(groups, 1, [=](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      const int64_t first = group / kWide * kWide, width = group_width(first, groups);
      const int64_t head = width == kWide ? first : group;
      float* to = packed + head * depth * kLanes + (group - head) * kLanes;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const int64_t row = group * kLanes + lane;
        for (int64_t p = 0, q = start; p < depth; ++p, q = q + 1 < depth ? q + 1 : 0) {
          to[p * width * kLanes + lane] = row < rows ? source[row * depth + q] : 0.0f;
        }
      }
    }
  });
  return packed;
}

// Up to kLanes neighbouring values.
struct Lanes {
  int64_t count;
  LB_INLINE vf load(const float* p) const { return count == kLanes ? simd::load(p) : simd::load(p, count); }
  LB_INLINE void store(float* p, vf v) const {
    if (count == kLanes) return simd::store(p, v);
    simd::store(p, v, count);
  }
};

// out[rows, columns] (+)= a[rows, depth] · wᵀ
struct TransposedProduct {
  int64_t columns, depth;
  const float* packed;

  void operator()(int64_t rows, const float* a, int64_t lda, float* out, int64_t ldo, bool add) const {
    const int64_t groups = divide_up(columns, kLanes);
    for (int64_t group = 0; group < groups;) {
      const int64_t width = group_width(group, groups);
      if (width == kWide) {
        multiply_group<kWide>(rows, group, a, lda, out, ldo, add);
      } else {
        multiply_group<1>(rows, group, a, lda, out, ldo, add);
      }
      group += width;
    }
  }

 private:
  template <int V>
  LB_INLINE void multiply_group(int64_t rows, int64_t group, const float* a, int64_t lda, float* out,
                                int64_t ldo, bool add) const {
    const float* b = packed + group * depth * kLanes;
    for_each_tile(rows, [&]<int R>(int64_t row) {
      vf sum[R][V] = {}, acc[R][V];
      multiply<V>(depth, a + row * lda, lda, b, sum);
      spill(sum, acc);
      for (int r = 0; r < R; ++r) {
        for (int v = 0; v < V; ++v) {
          const int64_t column = (group + v) * kLanes;
          const Lanes lanes{least(kLanes, columns - column)};
          float* at = out + (row + r) * ldo + column;
          lanes.store(at, add ? lanes.load(at) + acc[r][v] : acc[r][v]);
        }
      }
    });
  }
};

// 1/(1 + e^-x) and tanh for the gates, with fewer instructions than simd::sigmoid and simd::tanh: the
// exponent is bounded (sigmoid stays at 1.6e-38 below -87), so one power of two is enough, and no denormal is
// looked after.
LB_INLINE vf gate_sigmoid(vf x) {
  const simd::ExpReduction e = simd::reduce_exp(simd::clamp(-x, -87.0f, 87.0f));
  return 1.0f / (1.0f + (1.0f + simd::expm1_reduced(e.r)) * simd::pow2(e.n));
}
LB_INLINE vf gate_tanh(vf x) {
  const simd::ExpReduction e = simd::reduce_exp(simd::clamp(simd::abs(x + x), 0.0f, 20.0f));
  const vf s = simd::pow2(e.n);
  const vf t = s * simd::expm1_reduced(e.r) + (s - 1.0f);
  return simd::copysign(t / (t + 2.0f), x);
}

// The batch, its steps, and the order in which they are taken.
struct Sequence {
  int64_t rows, steps, inputs, units;
  bool reverse;
  int64_t block;  // rows of one task

  // Small weights stay in the second cache; larger ones come from further away for every step of a block, and
  // must serve more rows.
  static Sequence of(const View& x, const View& hidden_weight, bool reverse) {
    const int64_t inputs = x.dim(2), weights = (inputs + hidden_weight.dim(0)) * hidden_weight.dim(1);
    return {
        x.dim(0), x.dim(1), inputs, hidden_weight.dim(0), reverse, weights <= (int64_t{1} << 18) ? 16 : 32};
  }

  // Where step number `step` stands on the axis of time.
  LB_INLINE int64_t time(int64_t step) const { return reverse ? steps - 1 - step : step; }
  // The place of a row's step among all rows and steps.
  LB_INLINE int64_t at(int64_t row, int64_t step) const { return row * steps + time(step); }
  int64_t blocks() const { return divide_up(rows, block); }
  // The size of a task's own buffer of rows.
  int64_t buffer(int64_t width) const { return block * padded(width); }

  template <class F>
  void for_each_block(Call& call, const F& f) const {
    call.parallel_for(blocks(), 1, [&f, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i, i * block, least(block, rows - i * block));
    });
  }
};

// Rows [first, first + count) of a state [rows, width] into a task's buffer, zeros where there is none; and
// back.
inline void load_rows(const View& from, int64_t first, int64_t count, int64_t width, float* to,
                      int64_t stride) {
  const size_t bytes = sizeof(float) * static_cast<size_t>(width);
  for (int64_t r = 0; r < count; ++r) {
    if (from) {
      memcpy(to + r * stride, from.as<const float>() + (first + r) * width, bytes);
    } else {
      memset(to + r * stride, 0, bytes);
    }
  }
}
inline void store_rows(const float* from, int64_t stride, int64_t first, int64_t count, int64_t width,
                       const View& to) {
  if (!to) return;
  for (int64_t r = 0; r < count; ++r) {
    memcpy(to.as<float>() + (first + r) * width, from + r * stride,
           sizeof(float) * static_cast<size_t>(width));
  }
}

inline const float* values(const View& view) {
  return view ? view.as<const float>() : nullptr;
}

constexpr int64_t kLine = 16;  // floats of a cache line

// What the cells of a block read at each step: x and h side by side, and room for the next h.
struct Inputs {
  const Sequence* s;
  const float* x;
  float *now, *next;
  int64_t stride;

  static int64_t size(const Sequence& s) { return 2 * s.buffer(s.inputs + s.units); }
  Inputs(const Sequence& sequence, const View& all, float* buffer)
      : s(&sequence),
        x(all.as<const float>()),
        now(buffer),
        next(buffer + sequence.buffer(sequence.inputs + sequence.units)),
        stride(padded(sequence.inputs + sequence.units)) {}

  LB_INLINE float* h() const { return now + s->inputs; }
  LB_INLINE float* next_h() const { return next + s->inputs; }

  // Rows of one step lie far apart: the next step's are asked for in time.
  void begin(int64_t first, int64_t count, int64_t step) const {
    const int64_t width = s->inputs;
    for (int64_t r = 0; r < count; ++r) {
      memcpy(now + r * stride, x + s->at(first + r, step) * width,
             sizeof(float) * static_cast<size_t>(width));
      if (step + 1 == s->steps) continue;
      const float* ahead = x + s->at(first + r, step + 1) * width;
      for (int64_t i = 0; i < width; i += kLine) __builtin_prefetch(ahead + i);
    }
  }
  void end() {
    float* const done = now;
    now = next, next = done;
  }
};

// The sums of four gates of kLanes units and R rows, bias included. Input weights serve the first V of them,
// hidden weights as well but for the last, which goes to the fourth.
template <int V, int R>
LB_INLINE void gate_sums(const Inputs& in, const float* const (&packed)[2], const float* bias, int64_t row,
                         int64_t unit, Lanes lanes, vf (&acc)[R][kWide]) {
  const int64_t inputs = in.s->inputs, units = in.s->units;
  vf sum[R][kWide];
#pragma GCC unroll 4
  for (int v = 0; v < kWide; ++v) {
    const vf start = bias ? lanes.load(bias + v * units + unit) : vf{};
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r][v] = start;
  }
  const float* a = in.now + row * in.stride;
  multiply<V>(inputs, a, in.stride, packed[0] + unit * inputs * V, sum);
  multiply<V, kWide - 1>(units, a + inputs, in.stride, packed[1] + unit * units * V, sum);
  spill(sum, acc);
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
