// Slices chosen by index, and their opposite. Indices are data: one out of range fails the call.
#include "landbridge/kernel.h"

namespace {

using landbridge::Call;
using landbridge::View;

constexpr int64_t kGrain = 1 << 15;  // elements per chunk
constexpr int64_t kColumns = 256;    // sums that are carried at once

int64_t grain_of(int64_t work) {
  return work > 0 && work < kGrain ? kGrain / work : 1;
}

// Whether all indices lie in [0, size); if not, the call has failed.
bool check(Call& call, const View& indices, int64_t size) {
  const int32_t* at = indices.as<const int32_t>();
  for (int64_t i = 0; i < indices.count; ++i) {
    if (at[i] >= 0 && at[i] < size) continue;
    char message[96];
    if (size == 0) {
      __builtin_snprintf(message, sizeof message, "expected no indices into an empty axis, received %d",
                         at[i]);
    } else {
      __builtin_snprintf(message, sizeof message, "expected indices from 0 to %lld, received %d",
                         static_cast<long long>(size - 1), at[i]);
    }
    call.fail(message);
    return false;
  }
  return true;
}

// out[o, j, :] = in[o, indices[j], :]
template <class T>
void gather(Call& call, int64_t outer, int64_t n, int64_t inner) {
  const View& indices = call.in(1);
  if (!check(call, indices, n)) return;
  const T* in = call.in(0).as<const T>();
  T* out = call.out(0).as<T>();
  const int32_t* index = indices.as<const int32_t>();
  const int64_t chosen = indices.count;
  call.parallel_for(outer * chosen, grain_of(inner), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* source = in + (row / chosen * n + index[row % chosen]) * inner;
      for (int64_t i = 0; i < inner; ++i) out[row * inner + i] = source[i];
    }
  });
}

// The places of each index in `indices`, in order: those of j are order[first[j]] … order[first[j + 1] − 1].
struct Places {
  int64_t* first;
  int64_t* order;
};

Places sort_places(Call& call, const View& indices, int64_t size) {
  Places places{call.workspace<int64_t>(size + 2), call.workspace<int64_t>(indices.count + 1)};
  if (places.first == nullptr || places.order == nullptr) return {nullptr, nullptr};
  const int32_t* at = indices.as<const int32_t>();
  for (int64_t j = 0; j < size + 2; ++j) places.first[j] = 0;
  // Counted two places on, the starts have moved to their own place when all are handed out.
  for (int64_t i = 0; i < indices.count; ++i) ++places.first[at[i] + 2];
  for (int64_t j = 2; j < size + 2; ++j) places.first[j] += places.first[j - 1];
  for (int64_t i = 0; i < indices.count; ++i) places.order[places.first[at[i] + 1]++] = i;
  return places;
}

// Sums the rows order[begin] … order[end − 1] of `in` into one row. In a wider type, in index order.
template <class T, class Wide>
void sum_rows(const T* in, const int64_t* order, int64_t begin, int64_t end, int64_t inner, T* out) {
  for (int64_t column = 0; column < inner; column += kColumns) {
    const int64_t count = inner - column < kColumns ? inner - column : kColumns;
    Wide total[kColumns];
    for (int64_t i = 0; i < count; ++i) total[i] = 0;
    for (int64_t at = begin; at < end; ++at) {
      const T* source = in + order[at] * inner + column;
      for (int64_t i = 0; i < count; ++i) total[i] += static_cast<Wide>(source[i]);
    }
    for (int64_t i = 0; i < count; ++i) out[column + i] = static_cast<T>(total[i]);
  }
}

// out[o, j, :] = Σ in[o, i, :] over all i with indices[i] = j. Every row of the result is computed by one
// owner.
template <class T, class Wide>
void scatter(Call& call) {
  const View& indices = call.in(1);
  const int64_t outer = call.integer(0), size = call.integer(1), inner = call.integer(2);
  if (!check(call, indices, size)) return;
  const Places places = sort_places(call, indices, size);
  if (places.first == nullptr || size == 0) return;
  const T* in = call.in(0).as<const T>();
  T* out = call.out(0).as<T>();
  const int64_t k = indices.count, work = inner * (1 + k / size);
  call.parallel_for(outer * size, grain_of(work), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t j = row % size;
      sum_rows<T, Wide>(in + row / size * k * inner, places.order, places.first[j], places.first[j + 1],
                        inner, out + row * inner);
    }
  });
}

}  // namespace

// Params: outer, n, inner: the input is [outer, n, inner].
LANDBRIDGE_KERNEL(gather, cpu, any) {
  const int64_t outer = call.integer(0), n = call.integer(1), inner = call.integer(2);
  const int32_t dtype = call.in(0).dtype;
  if (dtype == LB_DTYPE_uint8 || dtype == LB_DTYPE_bool) return gather<uint8_t>(call, outer, n, inner);
  gather<uint32_t>(call, outer, n, inner);
}

// Params: outer, size, inner: the result is [outer, size, inner].
LANDBRIDGE_KERNEL(scatterSum, cpu, float32) {
  scatter<float, double>(call);
}
LANDBRIDGE_KERNEL(scatterSum, cpu, int32) {
  scatter<int32_t, uint32_t>(call);
}

// out[i, :] is 1 at indices[i] and 0 elsewhere.
LANDBRIDGE_KERNEL(oneHot, cpu, int32) {
  const View& indices = call.in(0);
  const int64_t depth = call.integer(0);
  if (!check(call, indices, depth)) return;
  const int32_t* index = indices.as<const int32_t>();
  float* out = call.out(0).as<float>();
  call.parallel_for(indices.count, grain_of(depth), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t i = 0; i < depth; ++i) out[row * depth + i] = i == index[row] ? 1.0f : 0.0f;
    }
  });
}
