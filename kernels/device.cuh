// The only place with inline PTX: memory accesses, conversions, async copies, clusters and their mbarriers.
// Under g++ the CUDA-on-the-host runtime supplies the same functions (native/cuda-host/device_host.h).
#pragma once

#include "parameters.h"

#if !defined(__CUDACC__)
#include "device_host.h"
#else

namespace temper {

__device__ __forceinline__ uint32_t bits_of(float value) { return __float_as_uint(value); }
__device__ __forceinline__ float float_of(uint32_t bits) { return __uint_as_float(bits); }

// 2^x to 2 ulp; subnormal results are kept.
__device__ __forceinline__ float exp2(float x) {
  float result;
  asm("ex2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// Ditto, but a result below 2^-126 becomes 0, which saves three instructions.
__device__ __forceinline__ float exp2_normal(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// log2 of a normal positive number, off by 2^-22 at most between 1/2 and 2, by 2^-22 of the result elsewhere.
__device__ __forceinline__ float log2_normal(float x) {
  float result;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// WORDS of 4 bytes from an address aligned to 16 bytes (8 for two words). Logits are read once: they need no place in L1.
template <int WORDS> __device__ __forceinline__ void load_words(const void* address, uint32_t (&words)[WORDS]) {
  static_assert(WORDS == 2 || WORDS % 4 == 0, "8 bytes or a multiple of 16");
  size_t global = __cvta_generic_to_global(address);
  if constexpr (WORDS == 2) {
    asm volatile("ld.global.L1::no_allocate.v2.u32 {%0, %1}, [%2];" : "=r"(words[0]), "=r"(words[1]) : "l"(global));
  } else {
#pragma unroll
    for (int i = 0; i < WORDS; i += 4)
      asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                   : "=r"(words[i]), "=r"(words[i + 1]), "=r"(words[i + 2]), "=r"(words[i + 3])
                   : "l"(global + 4 * i));
  }
}

// Gradients are not read again here: they stream past the caches.
template <int WORDS> __device__ __forceinline__ void store_words(void* address, const uint32_t (&words)[WORDS]) {
  static_assert(WORDS == 2 || WORDS % 4 == 0, "8 bytes or a multiple of 16");
  size_t global = __cvta_generic_to_global(address);
  if constexpr (WORDS == 2) {
    asm volatile("st.global.cs.v2.u32 [%0], {%1, %2};" ::"l"(global), "r"(words[0]), "r"(words[1]) : "memory");
  } else {
#pragma unroll
    for (int i = 0; i < WORDS; i += 4)
      asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(global + 4 * i), "r"(words[i]), "r"(words[i + 1]),
                   "r"(words[i + 2]), "r"(words[i + 3])
                   : "memory");
  }
}

// Keeps the compiler from carrying unpacked floats from one sweep to the next: registers hold the packed words only.
__device__ __forceinline__ void keep_packed(uint32_t& word) { asm volatile("" : "+r"(word)); }

// Keeps the compiler from carrying an address as base and index, which it would add anew for every access.
template <class T> __device__ __forceinline__ void keep_address(T*& address) { asm volatile("" : "+l"(address)); }

__device__ __forceinline__ void widen_bf16_pair(uint32_t pair, float& low, float& high) {
  low = float_of(pair << 16);
  high = float_of(pair & 0xffff0000u);
}

__device__ __forceinline__ void widen_f16_pair(uint32_t pair, float& low, float& high) {
  asm("{.reg .f16 l, h;\n mov.b32 {l, h}, %2;\n cvt.f32.f16 %0, l;\n cvt.f32.f16 %1, h;}"
      : "=f"(low), "=f"(high)
      : "r"(pair));
}

__device__ __forceinline__ uint32_t narrow_f16_pair(float low, float high) {
  uint32_t pair;
  asm("{.reg .f16 l, h;\n cvt.rn.f16.f32 l, %1;\n cvt.rn.f16.f32 h, %2;\n mov.b32 %0, {l, h};}"
      : "=r"(pair)
      : "f"(low), "f"(high));
  return pair;
}

__device__ __forceinline__ uint32_t narrow_bf16_pair(float low, float high) {
#if __CUDA_ARCH__ >= 800
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  auto round = [](float value) {
    uint32_t bits = __float_as_uint(value);
    if (value != value) return (bits >> 16) | 0x40u;
    return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  };
  return round(low) | round(high) << 16;
#endif
}

// The larger and the smaller of two bf16 or f16, two at a time; a NaN beside a number is passed over.
#if __CUDA_ARCH__ >= 800
#define TEMPER_PAIR_EXTREMUM(name, instruction, widen, narrow, pick)             \
  __device__ __forceinline__ uint32_t name(uint32_t a, uint32_t b) {             \
    asm(instruction " %0, %0, %1;" : "+r"(a) : "r"(b));                          \
    return a;                                                                    \
  }
#else
#define TEMPER_PAIR_EXTREMUM(name, instruction, widen, narrow, pick)             \
  __device__ __forceinline__ uint32_t name(uint32_t a, uint32_t b) {             \
    float a0, a1, b0, b1;                                                        \
    widen(a, a0, a1);                                                            \
    widen(b, b0, b1);                                                            \
    return narrow(pick(a0, b0), pick(a1, b1));                                   \
  }
#endif
TEMPER_PAIR_EXTREMUM(max_bf16_pair, "max.bf16x2", widen_bf16_pair, narrow_bf16_pair, fmaxf)
TEMPER_PAIR_EXTREMUM(min_bf16_pair, "min.bf16x2", widen_bf16_pair, narrow_bf16_pair, fminf)
TEMPER_PAIR_EXTREMUM(max_f16_pair, "max.f16x2", widen_f16_pair, narrow_f16_pair, fmaxf)
TEMPER_PAIR_EXTREMUM(min_f16_pair, "min.f16x2", widen_f16_pair, narrow_f16_pair, fminf)
#undef TEMPER_PAIR_EXTREMUM

// This block's shared memory; the only allocation in it.
__device__ __forceinline__ unsigned char* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char temper_shared[];
  return temper_shared;
}

// Copies BYTES (8 or 16, aligned) to shared memory; they may be read by the calling thread after async_wait().
template <int BYTES> __device__ __forceinline__ void async_copy(void* shared, const void* global) {
  static_assert(BYTES == 8 || BYTES == 16, "8 or 16 bytes");
#if __CUDA_ARCH__ >= 800
  uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  size_t from = __cvta_generic_to_global(global);
  if constexpr (BYTES == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(to), "l"(from) : "memory");
#else
  uint32_t words[BYTES / 4];
  load_words(global, words);
#pragma unroll
  for (int i = 0; i < BYTES / 4; i++) static_cast<uint32_t*>(shared)[i] = words[i];
#endif
}

__device__ __forceinline__ void async_wait() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;\ncp.async.wait_group 0;" ::: "memory");
#endif
}

// Clusters: only specialisations for compute capability 9.0 and later call these.
__device__ __forceinline__ uint32_t cluster_rank() {
  uint32_t rank = 0;
#if __CUDA_ARCH__ >= 900
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
  return rank;
}

// Blocks of a cluster meet: each thread arrives, then waits for the others. Of what came before only mbarriers_init() is sure to be
// seen behind it: an arrival that released every store would wait for all of the thread's accesses to memory.
__device__ __forceinline__ void cluster_arrive() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
#endif
}
__device__ __forceinline__ void cluster_wait() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

// The place in block `rank`'s shared memory that corresponds to `own`. Places in one block lie apart as its bytes do.
__device__ __forceinline__ uint32_t cluster_place(const void* own, uint32_t rank) {
  uint32_t place = 0;
#if __CUDA_ARCH__ >= 900
  uint32_t here = static_cast<uint32_t>(__cvta_generic_to_shared(own));
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(place) : "r"(here), "r"(rank));
#endif
  return place;
}

// COUNT mbarriers in this block's shared memory. Each completes one phase after another: a phase takes one announcement and as many
// bytes as announced. One thread calls this; who has met it at a cluster barrier may use them.
template <int COUNT> __device__ __forceinline__ void mbarriers_init(uint64_t* barriers) {
#if __CUDA_ARCH__ >= 900
#pragma unroll
  for (int i = 0; i < COUNT; i++)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(barriers + i))) : "memory");
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}

// Announces what the phase that runs now takes; some of it may have come already.
__device__ __forceinline__ void mbarrier_expect(uint64_t* barrier, uint32_t bytes) {
#if __CUDA_ARCH__ >= 900
  asm volatile("{.reg .b64 state;\n mbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1;}" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(barrier))),
               "r"(bytes)
               : "memory");
#endif
}

// Waits for the end of a phase, the first of which has parity 0; then its bytes may be read. Phases follow one another's parity: the
// one before the running one is meant. What is acquired lies in this block's shared memory: the scope of the cluster would empty L1.
__device__ __forceinline__ void mbarrier_wait(uint64_t* barrier, uint32_t parity) {
#if __CUDA_ARCH__ >= 900
  uint32_t own = static_cast<uint32_t>(__cvta_generic_to_shared(barrier)), done;
  do {
    asm volatile("{.reg .pred done;\n mbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2;\n selp.u32 %0, 1, 0, done;}"
                 : "=r"(done)
                 : "r"(own), "r"(parity)
                 : "memory");
  } while (done == 0);
#endif
}

// Stores N (1, 2 or 4) floats, aligned to their bytes, at a place of another block of the cluster or of this one, and counts the
// bytes at that block's mbarrier once they are there. What the thread did before is released by that.
template <int N> __device__ __forceinline__ void store_async(uint32_t place, const float (&values)[N], uint32_t barrier_place) {
  static_assert(N == 1 || N == 2 || N == 4, "4, 8 or 16 bytes");
#if __CUDA_ARCH__ >= 900
  if constexpr (N == 1)
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [%0], %1, [%2];" ::"r"(place), "f"(values[0]),
                 "r"(barrier_place)
                 : "memory");
  else if constexpr (N == 2)
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, [%3];" ::"r"(place),
                 "f"(values[0]), "f"(values[1]), "r"(barrier_place)
                 : "memory");
  else
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(place),
                 "f"(values[0]), "f"(values[1]), "f"(values[2]), "f"(values[3]), "r"(barrier_place)
                 : "memory");
#endif
}

}  // namespace temper
#endif
