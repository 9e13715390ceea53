// Kernels with one mistake each, for emulation.test.ts; where the first parameter is 1 the mistake is mended.
#include "landbridge/cuda/warp.h"

namespace {

using namespace landbridge::cuda;
using landbridge::Call;
using In = Global<const float>;
using Out = Global<float>;

// The second warp reads what the first writes.
template <bool Sound>
__global__ void race(In x, Out y) {
  __shared__ Shared<float, 64> tile;
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  if (Sound) sync_block();
  y[i] = tile[i % 32];
}

// The same within a warp, where sync_warp is enough.
template <bool Sound>
__global__ void warp_race(In x, Out y) {
  __shared__ Shared<float, 64> tile;
  const int i = static_cast<int>(threadIdx.x), from = i / 32 * 32 + i % 32 / 2;
  tile[i] = x[i];
  if (Sound) sync_warp();
  y[i] = tile[from];
}

// A tile that is refilled before all have read it.
template <bool Sound>
__global__ void overwritten(In x, Out y) {
  __shared__ Shared<float, 64> tile;
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = x[i];
  sync_block();
  const float next = tile[(i + 32) % 64];
  if (Sound) sync_block();
  if (i < 32) tile[i] = next;
  sync_block();
  y[i] = tile[(i + 32) % 64];
}

// Everybody writes one element.
template <bool Sound>
__global__ void written_twice(In x, Out y) {
  __shared__ Shared<float, 1> sum;
  const int i = static_cast<int>(threadIdx.x);
  if (!Sound || i == 0) sum[0] = x[i];
  sync_block();
  y[i] = sum[0];
}

// Counting with atomics; the count is read without a barrier.
template <bool Sound>
__global__ void counted(In x, Out y) {
  __shared__ Shared<int, 1> count;
  const int i = static_cast<int>(threadIdx.x);
  if (i == 0) count[0] = 0;
  sync_block();
  if (x[i] > 0) atomic_add(count + 0, 0, 1);
  if (Sound) sync_block();
  y[i] = static_cast<float>(static_cast<int>(count[0]));
}

template <bool Sound>
__global__ void unwritten(In x, Out y) {
  __shared__ Shared<float, 64> tile;
  const int i = static_cast<int>(threadIdx.x);
  if (Sound || i != 5) tile[i] = x[i];
  sync_block();
  y[i] = tile[i];
}

template <bool Sound>
__global__ void outside_device(In x, Out y) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = (x + 60)[Sound ? i - 60 : i - 59];
}

template <bool Sound>
__global__ void outside_shared(In x, Out y) {
  const SharedPointer<float> tile = dynamic_shared<float>() + 1;
  const int i = static_cast<int>(threadIdx.x);
  tile[Sound ? i - 1 : i] = x[i];
  y[i] = tile[Sound ? i - 1 : i];
}

template <bool Sound>
__global__ void misaligned(In x, Out y) {
  if (threadIdx.x > 0) return;
  store4(y, 0, load4(x + (Sound ? 4 : 2), 0));
}

// Elements wider than what the address is a multiple of.
template <bool Sound>
__global__ void misaligned_element(In x, Out y) {
  if (threadIdx.x > 0) return;
  const Global<const float2> pairs{reinterpret_cast<const float2*>(x.data + (Sound ? 4 : 3)), 8};
  y[0] = pairs[0].x;
}

// Half of the threads wait at another barrier.
template <bool Sound>
__global__ void two_barriers(In x, Out y) {
  if (Sound || threadIdx.x < 32) {
    sync_block();
  } else {
    sync_block();
  }
  y[threadIdx.x] = x[threadIdx.x];
}

// Half of a warp waits at a barrier, the other half in a shuffle.
template <bool Sound>
__global__ void deadlock(In x, Out y) {
  float value = x[threadIdx.x];
  if (Sound || threadIdx.x % 32 < 16) value = shuffle_xor(value, 1);
  sync_block();
  y[threadIdx.x] = value;
}

// Lanes that end before a shuffle of their warp.
template <bool Sound>
__global__ void ended(In x, Out y) {
  if (!Sound && threadIdx.x == 40) return;
  y[threadIdx.x] = shuffle(x[threadIdx.x], 0);
}

// Threads that end are not waited for at barriers.
template <bool Sound>
__global__ void left(In x, Out y) {
  y[threadIdx.x] = x[threadIdx.x];
  if (threadIdx.x % 3 == 0) return;
  sync_block();
  if (threadIdx.x % 3 == 1) return;
  sync_block();
  y[threadIdx.x] = 0;
}

// Two groups of copies; the first is read while the second is under way.
template <bool Sound>
__global__ void unwaited(In x, Out y) {
  __shared__ Shared<float, 128> tile;
  const int i = static_cast<int>(threadIdx.x);
  copy_async4(tile + i, x + i);
  copy_async_commit();
  copy_async4(tile + (64 + i), x + i, false);
  copy_async_commit();
  copy_async_wait<1>();
  float sum = tile[i];
  if (Sound) copy_async_wait<0>();
  sum += tile[64 + i];
  y[i] = sum;
}

// Copies that have arrived, read by others.
template <bool Sound>
__global__ void unshared(In x, Out y) {
  const SharedPointer<float> tile = dynamic_shared<float>();
  const int i = static_cast<int>(threadIdx.x);
  if (i < 16) copy_async16(tile + 4 * i, x + 4 * i);
  copy_async_commit();
  copy_async_wait<0>();
  if (Sound) sync_block();
  y[i] = tile[i];
}

template <bool Sound>
__global__ void misaligned_copy(In x, Out y) {
  __shared__ Shared<float, 8> tile;
  if (threadIdx.x > 0) return;
  copy_async16(tile + (Sound ? 4 : 1), x + 4);
  copy_async_commit();
  copy_async_wait<0>();
  y[0] = tile[4];
}

}  // namespace

#define FAULTY(kernel)                                                                               \
  LANDBRIDGE_KERNEL(faulty_##kernel, cuda, float32) {                                                \
    const In x = global<const float>(call.in(0));                                                    \
    const Out y = global<float>(call.out(0));                                                        \
    const Grid grid{dim3(1), dim3(64), 64 * sizeof(float)};                                          \
    call.flag(0) ? launch<kernel<true>>(call, grid, x, y) : launch<kernel<false>>(call, grid, x, y); \
  }

FAULTY(race)
FAULTY(warp_race)
FAULTY(overwritten)
FAULTY(written_twice)
FAULTY(counted)
FAULTY(unwritten)
FAULTY(outside_device)
FAULTY(outside_shared)
FAULTY(misaligned)
FAULTY(misaligned_element)
FAULTY(two_barriers)
FAULTY(deadlock)
FAULTY(ended)
FAULTY(left)
FAULTY(unwaited)
FAULTY(unshared)
FAULTY(misaligned_copy)

// A host function that reads the device's memory.
LANDBRIDGE_KERNEL(faulty_on_host, cuda, float32) {
  if (call.flag(0)) return;
  global<float>(call.out(0))[call.out(0).count] = 0;
}
