// Device memory as kernels see it. On the device these are bare pointers; the emulation's twins check bounds,
// alignment and races, and are the reason why kernels take no bare pointer: `tile[i]` may be a proxy there,
// so name the type (`float x = tile[i]`, never `auto`).
#pragma once

#include <cstdint>

namespace landbridge::cuda {
namespace {

constexpr int kWarp = 32;

// Elements in the device's memory; passed to kernels by value.
template <class T>
struct Global {
  T* data = nullptr;

  Global() = default;
  __host__ __device__ Global(T* begin, int64_t /*count*/) : data(begin) {}
  template <class U>  // Global<float> serves as Global<const float>
  __host__ __device__ Global(const Global<U>& other) : data(other.data) {}
  __host__ __device__ T& operator[](int64_t i) const { return data[i]; }
  __host__ __device__ Global operator+(int64_t offset) const { return {data + offset, 0}; }
  __host__ __device__ explicit operator bool() const { return data != nullptr; }
};

// Elements in the shared memory of a block.
template <class T>
struct SharedPointer {
  T* data;

  __device__ T& operator[](int i) const { return data[i]; }
  __device__ SharedPointer operator+(int offset) const { return {data + offset}; }
};

// N elements of the block's shared memory, declared in a kernel as  __shared__ Shared<float, 256> tile;
template <class T, int N>
struct alignas(16) Shared {
  T data[N];

  __device__ T& operator[](int i) { return data[i]; }
  __device__ SharedPointer<T> operator+(int offset) { return {data + offset}; }
};

// The block's dynamic shared memory, as many bytes as the launch's Grid::shared says, 16-byte aligned.
template <class T>
__device__ __forceinline__ SharedPointer<T> dynamic_shared() {
  extern __shared__ uint4 lb_dynamic_shared[];
  return {reinterpret_cast<T*>(lb_dynamic_shared)};
}

// Four neighbours in one access; `i` counts floats, and the address must be a multiple of 16 bytes.
__device__ __forceinline__ float4 load4(Global<const float> from, int64_t i) {
  return *reinterpret_cast<const float4*>(from.data + i);
}
__device__ __forceinline__ void store4(Global<float> to, int64_t i, float4 value) {
  *reinterpret_cast<float4*>(to.data + i) = value;
}
__device__ __forceinline__ float4 load4(SharedPointer<float> from, int i) {
  return *reinterpret_cast<const float4*>(from.data + i);
}
__device__ __forceinline__ void store4(SharedPointer<float> to, int i, float4 value) {
  *reinterpret_cast<float4*>(to.data + i) = value;
}

}  // namespace
}  // namespace landbridge::cuda
