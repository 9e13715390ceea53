// The CUDA twin of haversine.cc: the same kernel name, so that the same op serves both devices.
#include <landbridge/cuda.h>

using landbridge::cuda::Global;

LANDBRIDGE_KERNEL(haversine, cuda, float32) {
  const int64_t count = call.out(0).count;
  LANDBRIDGE_REQUIRE(call.in(0).count == 2 * count && call.in(1).count == 2 * count,
                     "expected two [n, 2] inputs");
  const auto from = landbridge::cuda::global<const float>(call.in(0));
  const auto to = landbridge::cuda::global<const float>(call.in(1));
  const auto distance = landbridge::cuda::global<float>(call.out(0));
  const double radius = call.param(0), radians = 0.017453292519943295;
  landbridge::cuda::each(call, count, [=] __device__(int64_t i) {
    const double lat1 = from[2 * i] * radians, lat2 = to[2 * i] * radians;
    const double north = sin((lat2 - lat1) / 2);
    const double east = sin((double{to[2 * i + 1]} - from[2 * i + 1]) * radians / 2);
    const double h = north * north + cos(lat1) * cos(lat2) * east * east;
    distance[i] = static_cast<float>(2 * radius * asin(sqrt(h < 1 ? h : 1)));
  });
}
