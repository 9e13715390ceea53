// The one place that says whose kernel computes what: ours, or a library's where one is found. Plain host
// code. LANDBRIDGE_CUDA_LIBRARIES = off: never a library; on: wherever one can; auto (default): as the table says.
//
// The table has not been measured yet, it follows from what is known of the kernels:
//   float32   cuBLAS and cuDNN multiply without tensor cores, three TF32 products are faster: ours.
//   tf32      large products on Hopper use wgmma, which mma.sync reaches some 60 % of: the library.
//   bfloat16  ours reads float32 from shared memory, which bounds it at half the rate: the library from
//             medium sizes on.
// Convolutions of the library need two more passes, over the filter (HWIO to KRSC) and for bias and activation,
// and the old interface's deterministic algorithms are not Hopper's: ours, until measured.
#pragma once

#include <cstdint>

namespace landbridge::cuda {

enum class Operation { matmul, conv_forward, conv_input, conv_filter };
enum class LibraryUse { off, automatic, always };
enum class Route : uint8_t { own, library };

// By multiplications: below 2^27 (512³), below 2^33 (2048³), above.
constexpr int shape_class(int64_t multiplications) {
  return multiplications < (int64_t{1} << 27) ? 0 : multiplications < (int64_t{1} << 33) ? 1 : 2;
}

// Without overflow: what is beyond 2^60 is large.
constexpr int64_t multiplications(int64_t m, int64_t n, int64_t k, int64_t batches) {
  const double all =
      static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(batches);
  return all < 0x1p60 ? static_cast<int64_t>(all) : int64_t{1} << 60;
}

constexpr Route O = Route::own, L = Route::library;
// [operation][lb_precision: float32, tf32, bfloat16][shape class]
constexpr Route kRoutes[4][3][3] = {
    {{O, O, O}, {O, O, L}, {O, L, L}},
    {{O, O, O}, {O, O, O}, {O, O, O}},
    {{O, O, O}, {O, O, O}, {O, O, O}},
    {{O, O, O}, {O, O, O}, {O, O, O}},
};

constexpr bool wants_library(LibraryUse use, Operation operation, int precision, int64_t multiplications) {
  if (use != LibraryUse::automatic) return use == LibraryUse::always;
  if (precision < 0 || precision > 2) return false;
  return kRoutes[static_cast<int>(operation)][precision][shape_class(multiplications)] == Route::library;
}

}  // namespace landbridge::cuda
