// How functions of elements are launched.
#pragma once

#include "strided.h"

namespace landbridge::cuda {
namespace {

// The call's inputs and its output.
template <size_t... I>
Views<1 + sizeof...(I)> views_of(const Call& call, std::index_sequence<I...>) {
  return {{&call.in(I)..., &call.out(0)}};
}

// out(0) = f(in(0), in(1), …) for inputs of types T, expanded to the output's shape, and a result of type R:
//   zip<float, float, float>(call, [] __device__(float a, float b) { return a + b; });
template <class R, class... T, class F>
void zip(Call& call, F f) {
  const auto views = views_of(call, std::make_index_sequence<sizeof...(T)>());
  zip_box<R, T...>(call, broadcast_box<1 + sizeof...(T)>(call), views, f);
}

// The same for contiguous inputs of as many elements as the output, whatever their shapes.
template <class R, class... T, class F>
void map(Call& call, F f) {
  const auto views = views_of(call, std::make_index_sequence<sizeof...(T)>());
  zip_flat<R, T...>(call, flat_box<1 + sizeof...(T)>(call), views, f);
}

}  // namespace
}  // namespace landbridge::cuda
