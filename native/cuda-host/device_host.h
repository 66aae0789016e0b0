// The functions of kernels/device.cuh for CUDA on the host. Names and results are the same; misuse ends the launch.
#pragma once

#include "cuda_host.h"

namespace temper {

inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}
inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

inline float exp2(float x) { return ::exp2f(x); }

inline float exp2_normal(float x) {
  float result = ::exp2f(x);
  return result < 0x1p-126f ? 0.0f : result;
}

// The result has the largest error that device.cuh allows, rounding included. The argument's last bit gives the sign of
// the error, so that a kernel that needs a better logarithm fails on the host.
inline float log2_normal(float x) {
  double exact = ::log2(double(x)), size = ::fabs(exact) > 1 ? ::fabs(exact) : 1;
  return float(exact + ((bits_of(x) & 1) != 0 ? 0x1.8p-23 : -0x1.8p-23) * size);
}

inline float reciprocal(float x) { return 1 / x; }

inline float warp_max(float value) {
  for (int distance = 16; distance > 0; distance /= 2) {
    float other = __shfl_xor_sync(~0u, value, distance);
    value = other > value ? other : value;
  }
  return value;
}

template <int WORDS> void load_words(const void* address, uint32_t (&words)[WORDS]) {
  for (int i = 0; i < WORDS; i += 4) {
    if (WORDS == 2) {
      cuda_host::load_vector8(address, words);
      return;
    }
    uint4 four = cuda_host::load_vector(static_cast<const char*>(address) + 4 * i);
    memcpy(&words[i], &four, 16);
  }
}

template <int WORDS> void store_words(void* address, const uint32_t (&words)[WORDS]) {
  for (int i = 0; i < WORDS; i += 4) {
    if (WORDS == 2) {
      cuda_host::store_vector8(address, words);
      return;
    }
    uint4 four;
    memcpy(&four, &words[i], 16);
    cuda_host::store_vector(static_cast<char*>(address) + 4 * i, four);
  }
}

inline void prefetch_to_l2(const void*) {}

// The two keep functions only restrict optimisations of the device compiler.
inline void keep_packed(uint32_t&) {}
template <class T> void keep_address(T*&) {}

// NaN, so that a use of an unset value shows.
inline void leave_unset(float& value) { value = float_of(0x7fffffffu); }

inline float widen_f16(uint32_t half) {
  uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 0x3ffu;
  if (exponent == 31) return float_of(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
  float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

inline float widen_bf16(uint32_t half) { return float_of(half << 16); }

inline void widen_bf16_pair(uint32_t pair, float& low, float& high) {
  low = widen_bf16(pair & 0xffffu);
  high = widen_bf16(pair >> 16);
}

inline void widen_f16_pair(uint32_t pair, float& low, float& high) {
  low = widen_f16(pair & 0xffffu);
  high = widen_f16(pair >> 16);
}

// Rounds to nearest, ties to even. Values of 65,520 and above become infinite; values below 2^-14 become subnormal.
inline uint32_t narrow_f16(float value) {
  uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7fffu;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  // The sum with 1/2 is rounded to a multiple of 2^-24. Its low bits then are the subnormal result.
  if (magnitude < 0x38800000u) return sign | (bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u);
  return sign | ((magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
}

inline uint32_t narrow_f16_pair(float low, float high) { return narrow_f16(low) | narrow_f16(high) << 16; }

inline uint32_t narrow_bf16(float value) {
  uint32_t bits = bits_of(value);
  if (value != value) return 0x7fffu;
  return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

inline uint32_t narrow_bf16_pair(float low, float high) { return narrow_bf16(low) | narrow_bf16(high) << 16; }

// The result is the number if the other operand is a NaN. With a signalling NaN, fmaxf() would return NaN.
inline float larger(float a, float b) { return a > b || b != b ? a : b; }
inline uint32_t max_of_pairs(uint32_t a, uint32_t b, float (*widen)(uint32_t), uint32_t (*narrow)(float)) {
  return narrow(larger(widen(a & 0xffffu), widen(b & 0xffffu))) | narrow(larger(widen(a >> 16), widen(b >> 16))) << 16;
}
inline uint32_t max_bf16_pair(uint32_t a, uint32_t b) { return max_of_pairs(a, b, widen_bf16, narrow_bf16); }
inline uint32_t max_f16_pair(uint32_t a, uint32_t b) { return max_of_pairs(a, b, widen_f16, narrow_f16); }

inline unsigned char* dynamic_shared() { return cuda_host::dynamic_shared(); }

inline uint32_t shared_address(const void* shared) {
  return uint32_t(static_cast<const unsigned char*>(shared) - cuda_host::dynamic_shared());
}
inline unsigned char* shared_at(uint32_t address) { return cuda_host::dynamic_shared() + address; }

inline uint32_t dynamic_shared_bytes() { return cuda_host::dynamic_shared_bytes(); }

template <int BYTES> void async_copy(void* shared, const void* global) { cuda_host::async_copy(shared, global, BYTES); }

inline void async_wait() {
  cuda_host::async_commit();
  cuda_host::async_wait(0);
}

inline uint32_t cluster_rank() { return cuda_host::cluster_rank(); }

inline void cluster_arrive() { cuda_host::cluster_arrive(); }

inline void cluster_wait() { cuda_host::cluster_wait(); }

inline uint32_t cluster_address(const void* own, uint32_t rank) { return cuda_host::cluster_address(own, rank); }

template <int COUNT> void mbarriers_init(uint64_t* barriers, uint32_t arrivals) {
  cuda_host::mbarrier_init(barriers, COUNT, arrivals);
}

inline void fence_async_proxy() { cuda_host::proxy_fence(); }

inline void mbarrier_arrive(uint64_t* barrier) { cuda_host::mbarrier_arrive(barrier); }

inline void mbarrier_arrive_after_copies(uint64_t* barrier) { cuda_host::mbarrier_arrive_after_copies(barrier); }

inline void bulk_copy(void* shared, const void* global, uint32_t bytes, uint64_t* barrier) {
  cuda_host::bulk_copy(shared, global, bytes, barrier);
}

template <int THREADS> void named_barrier() { cuda_host::named_barrier(THREADS); }

inline uint32_t funnel_shift(uint32_t low, uint32_t high, uint32_t bits) {
  return uint32_t((uint64_t(high) << 32 | low) >> bits);
}

inline void mbarrier_expect(uint64_t* barrier, uint32_t bytes) { cuda_host::mbarrier_expect(barrier, bytes); }

inline void mbarrier_wait(uint64_t* barrier, uint32_t parity) { cuda_host::mbarrier_wait(barrier, parity); }

template <int N> void store_async(uint32_t place, const float (&values)[N], uint32_t barrier_place) {
  static_assert(N == 1 || N == 2 || N == 4, "4, 8 or 16 bytes");
  cuda_host::store_async(place, values, 4 * N, barrier_place);
}

}  // namespace temper
