// a to the power b over broadcast operands, and its gradients. powf has the special cases of C (ISO/IEC 9899
// F.10.4.4).
#include "../cuda/elementwise.h"

using landbridge::cuda::zip;

LANDBRIDGE_KERNEL(pow, cuda, float32, strided) {
  zip<float, float, float>(call, [] __device__(float a, float b) { return powf(a, b); });
}

// b·aᵇ⁻¹·dy; 0 where b is 0, whatever a is: a⁰ = 1 even for 0 and NaN.
LANDBRIDGE_KERNEL(powGradBase, cuda, float32, strided) {
  zip<float, float, float, float>(call, [] __device__(float a, float b, float dy) {
    return b == 0.0f ? 0.0f : dy * (b * powf(a, b - 1.0f));
  });
}

// aᵇ·ln a·dy; its limit 0 where a is 0 and b ≥ 0.
LANDBRIDGE_KERNEL(powGradExponent, cuda, float32, strided) {
  zip<float, float, float, float>(call, [] __device__(float a, float b, float dy) {
    return a == 0.0f && b >= 0.0f ? 0.0f : dy * (powf(a, b) * logf(a));
  });
}
