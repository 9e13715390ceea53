// The three directions of a convolution as products whose patches are packed from the image itself.
#pragma once

#include "conv2d_patches.h"
#include "gemm.h"

namespace lb {
namespace {

constexpr int64_t kManyGroups = 8;
constexpr const char* kNoPanels = "out of memory for the panels of a matrix product";

// What becomes of the sums.
struct Target {
  float* data;
  const float *bias, *residual;
  bool relu;

  // For one group, whose first channel is `channel` of `channels`.
  simd::Output output(int64_t channel, int64_t channels, const int64_t* offsets = nullptr) const {
    return {data + channel,
            channels,
            offsets,
            bias != nullptr ? bias + channel : nullptr,
            residual != nullptr ? residual + channel : nullptr,
            false,
            true,
            relu};
  }
};

// Many groups go to the threads whole; the threads share the work of each of a few.
template <class F>
void for_each_group(Call& call, int64_t groups, const F& f) {
  const int64_t grain = groups < kManyGroups ? groups : 1;
  const simd::Parallel parallel = groups < kManyGroups ? pool_of(call) : simd::Parallel{};
  auto run = [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      if (!f(group, parallel)) call.fail(kNoPanels);
    }
  };
  if (grain == groups) return run(0, groups);
  call.parallel_for(groups, grain, run);
}

inline Run* joined(Call& call, const Phase& phase, const Image& image, int64_t* count) {
  Run* runs = call.workspace<Run>(phase.tap_count);
  if (runs != nullptr) *count = join(phase.taps, phase.tap_count, image, runs);
  return runs;
}

inline void implicit_forward(Call& call, const Convolution& c, Tap* taps, const float* x, const float* w,
                             const Target& y) {
  const Phase phase = forward_phase(c, taps);
  const Image image{x, c.height, c.width, c.channels, c.group_channels};
  int64_t run_count = 0;
  const Run* runs = joined(call, phase, image, &run_count);
  if (runs == nullptr) return;
  for_each_group(call, c.groups, [&](int64_t group, const simd::Parallel& parallel) {
    Image part = image;
    part.data += group * c.group_channels;
    const int64_t filter = group * c.group_filters;
    return simd::product(phase.grid.points(), c.group_filters, c.depth,
                         PatchRows{{phase.grid, part, runs, run_count, c.depth}},
                         simd::MatrixB{w + filter, c.filters, false}, y.output(filter, c.filters), parallel);
  });
}

// The pixels of a phase, as offsets into dx.
inline int64_t* pixel_offsets(Call& call, const Phase& phase, int64_t channels) {
  int64_t* offsets = call.workspace<int64_t>(phase.grid.points());
  if (offsets == nullptr) return nullptr;
  Point point(phase.grid, 0);
  for (int64_t i = 0; i < phase.grid.points(); ++i, point.next(phase.grid)) {
    offsets[i] = phase.pixel(point) * channels;
  }
  return offsets;
}

inline void implicit_input_phase(Call& call, const Convolution& c, const Phase& phase, const float* dy,
                                 const float* w, float* dx) {
  const Image image{dy, c.out_h, c.out_w, c.filters, c.group_filters};
  int64_t run_count = 0;
  const Run* runs = joined(call, phase, image, &run_count);
  const int64_t* offsets = phase.dense() ? nullptr : pixel_offsets(call, phase, c.channels);
  if (runs == nullptr || (!phase.dense() && offsets == nullptr)) return;
  const Target target{dx, nullptr, nullptr, false};
  const int64_t depth = phase.tap_count * c.group_filters;
  for_each_group(call, c.groups, [&](int64_t group, const simd::Parallel& parallel) {
    Image part = image;
    part.data += group * c.group_filters;
    return simd::product(
        phase.grid.points(), c.group_channels, depth, PatchRows{{phase.grid, part, runs, run_count, depth}},
        TurnedFilter{w + group * c.group_filters, phase.taps, c.group_channels, c.filters, c.group_filters},
        target.output(group * c.group_channels, c.channels, offsets), parallel);
  });
}

inline void zero(Call& call, float* out, int64_t count) {
  call.parallel_for(count, 1 << 15,
                    [=](int64_t begin, int64_t end) { simd::zero_run(out + begin, end - begin); });
}

inline void implicit_input(Call& call, const Convolution& c, Tap* taps, const float* dy, const float* w,
                           float* dx) {
  // Pixels that no tap reaches, where the stride exceeds the filter, say.
  bool reached = c.out_pixels() > 0;
  for_each_input_phase(c, taps, [&](const Phase& phase) { reached = reached && phase.tap_count > 0; });
  if (!reached) zero(call, dx, c.in_pixels() * c.channels);
  if (c.out_pixels() == 0) return;
  for_each_input_phase(c, taps, [&](const Phase& phase) {
    if (phase.tap_count > 0 && c.group_filters > 0) implicit_input_phase(call, c, phase, dy, w, dx);
  });
}

inline void implicit_filter(Call& call, const Convolution& c, Tap* taps, const float* x, const float* dy,
                            float* dw) {
  const Phase phase = forward_phase(c, taps);
  const Image image{x, c.height, c.width, c.channels, c.group_channels};
  int64_t run_count = 0;
  const Run* runs = joined(call, phase, image, &run_count);
  if (runs == nullptr) return;
  const Target target{dw, nullptr, nullptr, false};
  for_each_group(call, c.groups, [&](int64_t group, const simd::Parallel& parallel) {
    Image part = image;
    part.data += group * c.group_channels;
    const int64_t filter = group * c.group_filters;
    return simd::product(c.depth, c.group_filters, phase.grid.points(),
                         PatchColumns{{phase.grid, part, runs, run_count, c.depth}},
                         simd::MatrixB{dy + filter, c.filters, false}, target.output(filter, c.filters),
                         parallel);
  });
}

// A 1x1 filter: the image is the matrix.

inline void pointwise_forward(Call& call, const Convolution& c, const float* x, const float* w,
                              const Target& y) {
  if (!simd::product(c.in_pixels(), c.filters, c.channels, simd::RowsOfA{x, c.channels},
                     simd::MatrixB{w, c.filters, false}, y.output(0, c.filters), pool_of(call))) {
    call.fail(kNoPanels);
  }
}

inline void pointwise_input(Call& call, const Convolution& c, const float* dy, const float* w, float* dx) {
  const Target target{dx, nullptr, nullptr, false};
  if (!simd::product(c.in_pixels(), c.channels, c.filters, simd::RowsOfA{dy, c.filters},
                     simd::MatrixB{w, c.filters, true}, target.output(0, c.channels), pool_of(call))) {
    call.fail(kNoPanels);
  }
}

inline void pointwise_filter(Call& call, const Convolution& c, const float* x, const float* dy, float* dw) {
  const Target target{dw, nullptr, nullptr, false};
  if (!simd::product(c.channels, c.filters, c.in_pixels(), simd::ColumnsOfA{x, c.channels},
                     simd::MatrixB{dy, c.filters, false}, target.output(0, c.filters), pool_of(call))) {
    call.fail(kNoPanels);
  }
}

}  // namespace
}  // namespace lb
