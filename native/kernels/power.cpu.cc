// a to the power b over broadcast operands, and its gradients.
#include "../cpu/vector_rows.h"

using lb::simd::select;
using lb::simd::vf;

LANDBRIDGE_KERNEL(pow, cpu, float32, strided) {
  lb::vector_binary(call, [](vf a, vf b) { return lb::simd::pow(a, b); });
}

// b·aᵇ⁻¹·dy; 0 where b is 0, whatever a is: a⁰ = 1 even for 0 and NaN.
LANDBRIDGE_KERNEL(powGradBase, cpu, float32, strided) {
  lb::vector_ternary(
      call, [](vf a, vf b, vf dy) { return select(b == 0.0f, vf{}, dy * (b * lb::simd::pow(a, b - 1.0f))); });
}

// aᵇ·ln a·dy; its limit 0 where a is 0 and b ≥ 0.
LANDBRIDGE_KERNEL(powGradExponent, cpu, float32, strided) {
  lb::vector_ternary(call, [](vf a, vf b, vf dy) {
    return select((a == 0.0f) & (b >= 0.0f), vf{}, dy * (lb::simd::pow(a, b) * lb::simd::log(a)));
  });
}
