// The great-circle distance between points on a sphere: a kernel that knows nothing of landbridge but this
// header.
#include <landbridge/kernel.h>

#include <cmath>

// Inputs: points [n, 2] and [n, 2], latitude and longitude in degrees. Output: [n]. Parameter: the radius.
// Formula: R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68 (1984), 159. Computed in double: the
// cosine of float32 degrees would cost near points most of their digits.
LANDBRIDGE_KERNEL(haversine, cpu, float32) {
  const landbridge::View &from = call.in(0), &to = call.in(1), &distance = call.out(0);
  LANDBRIDGE_REQUIRE(from.count == 2 * distance.count && to.count == from.count,
                     "expected two [n, 2] inputs");
  const float *a = from.as<float>(), *b = to.as<float>();
  float* d = distance.as<float>();
  const double radius = call.param(0), radians = std::acos(-1.0) / 180;
  call.parallel_for(distance.count, 1024, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const double lat1 = a[2 * i] * radians, lat2 = b[2 * i] * radians;
      const double north = std::sin((lat2 - lat1) / 2);
      const double east = std::sin((double{b[2 * i + 1]} - a[2 * i + 1]) * radians / 2);
      const double h = north * north + std::cos(lat1) * std::cos(lat2) * east * east;
      d[i] = static_cast<float>(2 * radius * std::asin(std::sqrt(h < 1 ? h : 1)));
    }
  });
}
