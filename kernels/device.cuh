// The only file with inline PTX: memory accesses, conversions, asynchronous copies, clusters and their mbarriers.
// When g++ compiles the kernels for the emulator, native/cuda-host/device_host.h defines the same functions.
#pragma once

#include "parameters.h"

#if !defined(__CUDACC__)
#include "device_host.h"
#else

namespace temper {

__device__ __forceinline__ uint32_t bits_of(float value) { return __float_as_uint(value); }
__device__ __forceinline__ float float_of(uint32_t bits) { return __uint_as_float(bits); }

// 2^x to 2 ulp, with subnormal results.
__device__ __forceinline__ float exp2(float x) {
  float result;
  asm("ex2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// 2^x to 2 ulp. A result below 2^-126 is flushed to 0, which saves three instructions.
__device__ __forceinline__ float exp2_normal(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// log2 of a normal positive number. The error is at most 2^-22 between 1/2 and 2, and 2^-22 of the result elsewhere.
__device__ __forceinline__ float log2_normal(float x) {
  float result;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// 1/x to 1 ulp for a normal x. Subnormal results are flushed to 0.
__device__ __forceinline__ float reciprocal(float x) {
  float result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// The maximum over all lanes of a warp, for values that are not NaN. One instruction reduces integers in the order of
// the floats.
__device__ __forceinline__ float warp_max(float value) {
#if __CUDA_ARCH__ >= 800
  int bits = __float_as_int(value), high;
  bits ^= bits >> 31 & 0x7fffffff;
  asm volatile("redux.sync.max.s32 %0, %1, 0xffffffff;" : "=r"(high) : "r"(bits));
  return __int_as_float(high ^ (high >> 31 & 0x7fffffff));
#else
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, distance));
  return value;
#endif
}

// Loads words from an address aligned to 16 bytes (8 for two words). No L1 line is allocated: logits are read once.
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

// Starts the transfer of a line of 128 bytes to L2.
__device__ __forceinline__ void prefetch_to_l2(const void* address) {
  asm volatile("prefetch.global.L2 [%0];" ::"l"(__cvta_generic_to_global(address)));
}

// Stores WORDS words with the evict-first policy, because no kernel here reads a gradient again.
template <int WORDS> __device__ __forceinline__ void store_words(void* address, const uint32_t (&words)[WORDS]) {
  static_assert(WORDS == 2 || WORDS % 4 == 0, "8 bytes or a multiple of 16");
  size_t global = __cvta_generic_to_global(address);
  if constexpr (WORDS == 2) {
    asm volatile("st.global.cs.v2.u32 [%0], {%1, %2};" ::"l"(global), "r"(words[0]), "r"(words[1]) : "memory");
  } else {
#pragma unroll
    for (int i = 0; i < WORDS; i += 4)
      asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(global + 4 * i), "r"(words[i]),
                   "r"(words[i + 1]), "r"(words[i + 2]), "r"(words[i + 3])
                   : "memory");
  }
}

// Prevents the compiler from keeping the unpacked floats of a word in registers between two sweeps over a row.
__device__ __forceinline__ void keep_packed(uint32_t& word) { asm volatile("" : "+r"(word)); }

// Leaves a value unset without a warning, and without the instruction that sets it to 0.
__device__ __forceinline__ void leave_unset(float& value) { asm("" : "=f"(value)); }

// Prevents the compiler from keeping an address as base and index, which costs an addition at every access.
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

// Maximum of two pairs of bf16 or f16. If one operand is NaN, the result is the other one.
#if __CUDA_ARCH__ >= 800
#define TEMPER_PAIR_MAXIMUM(name, instruction, widen, narrow)        \
  __device__ __forceinline__ uint32_t name(uint32_t a, uint32_t b) { \
    asm(instruction " %0, %0, %1;" : "+r"(a) : "r"(b));              \
    return a;                                                        \
  }
#else
#define TEMPER_PAIR_MAXIMUM(name, instruction, widen, narrow)        \
  __device__ __forceinline__ uint32_t name(uint32_t a, uint32_t b) { \
    float a0, a1, b0, b1;                                            \
    widen(a, a0, a1);                                                \
    widen(b, b0, b1);                                                \
    return narrow(fmaxf(a0, b0), fmaxf(a1, b1));                     \
  }
#endif
TEMPER_PAIR_MAXIMUM(max_bf16_pair, "max.bf16x2", widen_bf16_pair, narrow_bf16_pair)
TEMPER_PAIR_MAXIMUM(max_f16_pair, "max.f16x2", widen_f16_pair, narrow_f16_pair)
#undef TEMPER_PAIR_MAXIMUM

// The dynamic shared memory of the block; no kernel has static shared memory.
__device__ __forceinline__ unsigned char* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char temper_shared[];
  return temper_shared;
}

// shared_address() is the address of a byte of shared memory in 32 bits, because a generic address takes two registers.
// shared_at() is the byte at such an address. nvcc 13.0 does not finish compiling a kernel in which it can trace many
// shared pointers through a loop back to one address. The empty instruction in shared_at() hides their origin.
__device__ __forceinline__ uint32_t shared_address(const void* shared) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}
__device__ __forceinline__ unsigned char* shared_at(uint32_t address) {
  asm volatile("" : "+r"(address));
  return static_cast<unsigned char*>(__cvta_shared_to_generic(address));
}

// The bytes of dynamic shared memory of the block.
__device__ __forceinline__ uint32_t dynamic_shared_bytes() {
  uint32_t bytes;
  asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(bytes));
  return bytes;
}

// Copies 8 or 16 aligned bytes to shared memory asynchronously. The calling thread may read them after async_wait();
// other threads may read them after a phase of an mbarrier at which mbarrier_arrive_after_copies() has arrived.
template <int BYTES> __device__ __forceinline__ void async_copy(void* shared, const void* global) {
  static_assert(BYTES == 8 || BYTES == 16, "8 or 16 bytes");
#if __CUDA_ARCH__ >= 800
  uint32_t to = shared_address(shared);
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

// Clusters exist from compute capability 9.0 on; specialisations for older devices do not call the functions below.
__device__ __forceinline__ uint32_t cluster_rank() {
  uint32_t rank = 0;
#if __CUDA_ARCH__ >= 900
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
  return rank;
}

// The two halves of a cluster barrier. The arrival is relaxed, because a release would wait for all earlier accesses of
// the thread. Only mbarriers_init(), which has a fence of its own, is sure to be visible after the wait. Either half is
// undefined in a warp that has diverged, as it does while one thread initialises mbarriers. The warp barriers prevent
// that.
__device__ __forceinline__ void cluster_arrive() {
#if __CUDA_ARCH__ >= 900
  __syncwarp();
  asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
#endif
}
__device__ __forceinline__ void cluster_wait() {
#if __CUDA_ARCH__ >= 900
  __syncwarp();
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

// Address (shared::cluster window) of the byte in block `rank` that corresponds to `own` in this block. Byte offsets
// can be added to the address.
__device__ __forceinline__ uint32_t cluster_address(const void* own, uint32_t rank) {
  uint32_t address = 0;
#if __CUDA_ARCH__ >= 900
  uint32_t here = shared_address(own);
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(here), "r"(rank));
#endif
  return address;
}

// Orders the calling thread's earlier accesses to shared memory before bulk copies that write there later. Bulk copies
// belong to the async proxy, and all other accesses to the generic proxy: an mbarrier alone orders only accesses of one
// proxy, so that a copy could overwrite what is still being read. Each thread that has read the memory calls this
// before it arrives. From compute capability 9.0 on only; before, there are no bulk copies.
__device__ __forceinline__ void fence_async_proxy() {
#if __CUDA_ARCH__ >= 900
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

// Mbarriers exist from compute capability 8.0 on, but count bytes from 9.0 on only.
//
// Initialises COUNT mbarriers in this block's shared memory. A phase completes after `arrivals` arrivals and all
// expected bytes. One thread calls this; other threads of the block may use the mbarriers after a block barrier, and
// those of the cluster after a cluster barrier.
template <int COUNT> __device__ __forceinline__ void mbarriers_init(uint64_t* barriers, uint32_t arrivals) {
#if __CUDA_ARCH__ >= 800
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    uint32_t barrier = shared_address(barriers + i);
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
  }
#endif
#if __CUDA_ARCH__ >= 900
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
  fence_async_proxy();
}

// Arrives once at the current phase, and sets how many bytes it expects. Some of these bytes may have arrived before.
__device__ __forceinline__ void mbarrier_expect(uint64_t* barrier, uint32_t bytes) {
#if __CUDA_ARCH__ >= 900
  uint32_t own = shared_address(barrier);
  asm volatile("{.reg .b64 state;\n mbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1;}" ::"r"(own), "r"(bytes)
               : "memory");
#endif
}

// Arrives once at the current phase, which releases the thread's earlier accesses and those of the threads that it was
// synchronised with.
__device__ __forceinline__ void mbarrier_arrive(uint64_t* barrier) {
#if __CUDA_ARCH__ >= 800
  uint32_t own = shared_address(barrier);
  asm volatile("{.reg .b64 state;\n mbarrier.arrive.shared::cta.b64 state, [%0];}" ::"r"(own) : "memory");
#endif
}

// Arrives once when all earlier async_copy() of the calling thread are complete. The arrival releases none of the
// thread's other accesses.
__device__ __forceinline__ void mbarrier_arrive_after_copies(uint64_t* barrier) {
#if __CUDA_ARCH__ >= 800
  uint32_t own = shared_address(barrier);
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(own) : "memory");
#endif
}

// Copies a multiple of 16 aligned bytes to the block's shared memory, and counts the bytes at an mbarrier of the block.
__device__ __forceinline__ void bulk_copy(void* shared, const void* global, uint32_t bytes, uint64_t* barrier) {
#if __CUDA_ARCH__ >= 900
  uint32_t to = shared_address(shared);
  uint32_t own = shared_address(barrier);
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
               "l"(__cvta_generic_to_global(global)), "r"(bytes), "r"(own)
               : "memory");
#endif
}

// A barrier of the first THREADS threads of a block; the others do not take part.
template <int THREADS> __device__ __forceinline__ void named_barrier() {
  asm volatile("bar.sync 1, %0;" ::"n"(THREADS) : "memory");
}

// The low word of high:low shifted right by 0 to 31 bits.
__device__ __forceinline__ uint32_t funnel_shift(uint32_t low, uint32_t high, uint32_t bits) {
  return __funnelshift_r(low, high, bits);
}

// Returns whether the phase with this parity is complete. From compute capability 9.0 on the hardware suspends the
// thread for some time before the result is false.
__device__ __forceinline__ bool mbarrier_try_wait(uint32_t barrier, uint32_t parity) {
  uint32_t done = 1;
#if __CUDA_ARCH__ >= 900
  asm volatile("{.reg .pred p;\n mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;}"
               : "=r"(done)
               : "r"(barrier), "r"(parity)
               : "memory");
#elif __CUDA_ARCH__ >= 800
  asm volatile("{.reg .pred p;\n mbarrier.test_wait.parity.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;}"
               : "=r"(done)
               : "r"(barrier), "r"(parity)
               : "memory");
#endif
  return done != 0;
}

// The upper half of the device's clock, which counts units of 2^32 ns (4.3 s).
__device__ __forceinline__ uint32_t clock_high() {
  uint32_t high;
  asm volatile("mov.u32 %0, %%globaltimer_hi;" : "=r"(high));
  return high;
}

// Waits until the phase with this parity is complete; the first phase has parity 0. A thread must not fall two phases
// behind, because their parity is the same. The acquire has CTA scope: cluster scope would invalidate L1. Blocks of a
// cluster, which exist from compute capability 9.0 on, wait for one another: a phase that is not complete after 13 to
// 17 s will never be. The kernel ends with an error then, instead of occupying the device until its process is killed.
__device__ __forceinline__ void mbarrier_wait(uint64_t* barrier, uint32_t parity) {
  const uint32_t own = shared_address(barrier);
#if __CUDA_ARCH__ >= 900
  if (mbarrier_try_wait(own, parity)) return;
  const uint32_t begin = clock_high();
  while (!mbarrier_try_wait(own, parity))
    if (clock_high() - begin > 3) asm volatile("trap;");
#else
  while (!mbarrier_try_wait(own, parity)) asm volatile("nanosleep.u32 20;");
#endif
}

// Stores 1, 2 or 4 floats at an aligned address in the shared memory of a block of the cluster, and counts the bytes at
// an mbarrier of that block once they are visible. Counting them releases the thread's earlier memory accesses.
template <int N> __device__ __forceinline__ void store_async(uint32_t to, const float (&values)[N], uint32_t barrier) {
  static_assert(N == 1 || N == 2 || N == 4, "4, 8 or 16 bytes");
#if __CUDA_ARCH__ >= 900
  if constexpr (N == 1)
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [%0], %1, [%2];" ::"r"(to),
                 "f"(values[0]), "r"(barrier)
                 : "memory");
  else if constexpr (N == 2)
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, [%3];" ::"r"(to),
                 "f"(values[0]), "f"(values[1]), "r"(barrier)
                 : "memory");
  else
    asm volatile(
        "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(to),
        "f"(values[0]), "f"(values[1]), "f"(values[2]), "f"(values[3]), "r"(barrier)
        : "memory");
#endif
}

}  // namespace temper
#endif
