// CUDA on the host: the CUDA declarations that a kernel source needs when g++ compiles it instead of nvcc.
// Each CUDA thread is a fiber. A function that waits switches to another fiber.
// `__shared__` is undefined on purpose: every block has its own shared memory, which dynamic_shared() returns.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
// Kernels take longer to compile than to run, so that the compiler need not inline everything.
#define __forceinline__ inline
#define TEMPER_INLINE inline
#define __align__(bytes) alignas(bytes)
#define __grid_constant__
#define __launch_bounds__(...)
#define __cluster_dims__(...)

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

namespace cuda_host {

// CUDA's built-in variables threadIdx, blockIdx, blockDim and gridDim.
struct BuiltinVariables {
  uint3 thread, block;
  dim3 block_dim, grid_dim;
};

enum class Collective { kNone, kBarrier, kShuffleIndex, kShuffleUp, kShuffleDown, kShuffleXor, kBallot };

const BuiltinVariables& builtin_variables();

// Ends the launch with an error. The message begins with the block and the thread that failed.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

void block_barrier();

// One warp-wide operation. All lanes in `mask` must call it with the same mask, kind and width.
uint32_t warp_collective(Collective kind, unsigned mask, uint32_t value, int operand, int width);

unsigned char* dynamic_shared();
unsigned dynamic_shared_bytes();

unsigned cluster_rank();
unsigned cluster_size();
void cluster_arrive();
void cluster_wait();

// The address in block `rank`'s shared memory that has the same offset as `own` has in the caller's shared memory.
// The launch fails unless the caller has passed a cluster barrier: before this barrier, another block may not have
// started.
void* map_shared_rank(void* own, unsigned rank);

// The same location as a shared::cluster address, for store_async(). It may be computed before block `rank` starts.
uint32_t cluster_address(const void* own, unsigned rank);

// A barrier of the first `threads` threads of the block.
void named_barrier(unsigned threads);

// Initialises mbarriers in the caller's shared memory, with a number of arrivals per phase.
// Other threads may use an mbarrier after a block or cluster barrier that follows its initialisation.
void mbarrier_init(uint64_t* barriers, unsigned count, unsigned arrivals);

// An arrival at the current phase. The phase completes when it has all arrivals, and asynchronous stores and copies
// have written as many bytes as its arrivals expect.
void mbarrier_expect(uint64_t* barrier, unsigned bytes);
void mbarrier_arrive(uint64_t* barrier);

// An arrival that waits for the async_copy() calls of the calling thread since its last such arrival. The thread order
// determines when and in which order these copies complete. On a device the arrival waits for all earlier copies of the
// thread.
void mbarrier_arrive_after_copies(uint64_t* barrier);

// Copies to the caller's shared memory, then counts the bytes at the mbarrier. The thread order determines when and in
// which order the parts of the copy complete. Until then the destination is NaN-filled.
void bulk_copy(void* shared, const void* global, unsigned bytes, uint64_t* barrier);

// Waits for the completion of the current phase if it has this parity. The first phase has parity 0.
void mbarrier_wait(uint64_t* barrier, unsigned parity);

// Stores to shared memory of the cluster, then counts the bytes at the mbarrier. The thread order determines when the
// store completes. Until then the destination is NaN-filled.
void store_async(uint32_t address, const void* values, unsigned bytes, uint32_t barrier_address);

// A copy completes in async_wait(), or between mbarrier_arrive_after_copies() and the arrival that waits for it. Until
// then the destination is NaN-filled.
void async_copy(void* shared, const void* global, unsigned bytes);
void async_commit();

// Waits until at most `pending` of the calling thread's committed groups are incomplete.
void async_wait(unsigned pending);

// Report a fence of the calling thread, and an atomic operation that it is about to perform, to the tracer. They have
// no other effect: one operating-system thread performs all memory operations in program order.
void memory_fence();
void atomic_operation(const void* address);

// Fails unless the address is a multiple of the access size. The device has the same requirement.
inline void check_aligned(const void* address, unsigned bytes, const char* what) {
  if (reinterpret_cast<uintptr_t>(address) % bytes != 0) fail("misaligned %u-byte %s at %p", bytes, what, address);
}

// The compiler must not split a vector access: the access tracer counts it as one access, as the device does.
typedef uint32_t Vector16 __attribute__((vector_size(16), may_alias));

inline uint4 load_vector(const void* address) {
  check_aligned(address, 16, "vector read");
  Vector16 bits = *static_cast<const Vector16*>(address);
  return {bits[0], bits[1], bits[2], bits[3]};
}

inline void store_vector(void* address, uint4 value) {
  check_aligned(address, 16, "vector write");
  *static_cast<Vector16*>(address) = Vector16{value.x, value.y, value.z, value.w};
}

typedef uint32_t Vector8 __attribute__((vector_size(8), may_alias));

inline void load_vector8(const void* address, uint32_t* words) {
  check_aligned(address, 8, "vector read");
  Vector8 bits = *static_cast<const Vector8*>(address);
  words[0] = bits[0];
  words[1] = bits[1];
}

inline void store_vector8(void* address, const uint32_t* words) {
  check_aligned(address, 8, "vector write");
  *static_cast<Vector8*>(address) = Vector8{words[0], words[1]};
}

template <typename T> T shuffle_bits(Collective kind, unsigned mask, T value, int operand, int width) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  uint32_t words[sizeof(T) / 4];
  memcpy(words, &value, sizeof(T));
  for (uint32_t& word : words) word = warp_collective(kind, mask, word, operand, width);
  memcpy(&value, words, sizeof(T));
  return value;
}

using KernelBody = void (*)(const void* parameters);

// Runs a grid. Returns 0 after success, and 1 with a message after a failure.
int launch(KernelBody body, const void* parameters, size_t parameter_bytes, unsigned grid, unsigned block,
           unsigned cluster, unsigned shared_bytes, int order, uint64_t seed, char* message, unsigned message_bytes);

}  // namespace cuda_host

#define threadIdx (::cuda_host::builtin_variables().thread)
#define blockIdx (::cuda_host::builtin_variables().block)
#define blockDim (::cuda_host::builtin_variables().block_dim)
#define gridDim (::cuda_host::builtin_variables().grid_dim)

inline void __syncthreads() { cuda_host::block_barrier(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) {
  cuda_host::warp_collective(cuda_host::Collective::kBarrier, mask, 0, 0, 32);
}
template <typename T> T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
  return cuda_host::shuffle_bits(cuda_host::Collective::kShuffleIndex, mask, value, lane, width);
}
template <typename T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return cuda_host::shuffle_bits(cuda_host::Collective::kShuffleUp, mask, value, static_cast<int>(delta), width);
}
template <typename T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return cuda_host::shuffle_bits(cuda_host::Collective::kShuffleDown, mask, value, static_cast<int>(delta), width);
}
template <typename T> T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
  return cuda_host::shuffle_bits(cuda_host::Collective::kShuffleXor, mask, value, bits, width);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return cuda_host::warp_collective(cuda_host::Collective::kBallot, mask, predicate != 0, 0, 32);
}

// All fibers of a launch share one operating-system thread and switch only where they wait. A plain read-modify-write
// is therefore atomic.
template <typename T> T atomicMax(T* address, T value) {
  cuda_host::atomic_operation(address);
  T old = *address;
  if (value > old) *address = value;
  return old;
}
template <typename T> T atomicOr(T* address, T value) {
  cuda_host::atomic_operation(address);
  T old = *address;
  *address = old | value;
  return old;
}
template <typename T> T atomicAdd(T* address, T value) {
  cuda_host::atomic_operation(address);
  T old = *address;
  *address = old + value;
  return old;
}

inline void __threadfence() { cuda_host::memory_fence(); }

// Exports the host entry `<kernel>_launch` of a kernel that takes one parameter struct by value.
// Also exports the size of this struct as `<kernel>_parameter_bytes`, for callers that have only the kernel's name.
#define CUDA_HOST_LAUNCHER(kernel, Parameters)                                                                         \
  extern "C" __attribute__((visibility("default"))) int kernel##_launch(                                               \
      const Parameters* parameters, unsigned grid, unsigned block, unsigned cluster, unsigned shared_bytes, int order, \
      uint64_t seed, char* message, unsigned message_bytes) {                                                          \
    return cuda_host::launch([](const void* p) { kernel(*static_cast<const Parameters*>(p)); }, parameters,            \
                             sizeof(Parameters), grid, block, cluster, shared_bytes, order, seed, message,             \
                             message_bytes);                                                                           \
  }                                                                                                                    \
  extern "C" {                                                                                                         \
  __attribute__((visibility("default"))) extern const unsigned kernel##_parameter_bytes = sizeof(Parameters);          \
  }

// Exports the cluster size as `<kernel>_cluster`, the counterpart of __cluster_dims__. The default is one block.
#define CUDA_HOST_CLUSTER(kernel, blocks)                                                 \
  extern "C" {                                                                            \
  __attribute__((visibility("default"))) extern const unsigned kernel##_cluster = blocks; \
  }
