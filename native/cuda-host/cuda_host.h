// CUDA on the host: what a kernel source sees when g++ compiles it instead of nvcc.
// Each CUDA thread is a fiber; every function below that waits hands the processor to another fiber.
// `__shared__` is left undefined on purpose: kernels take shared memory from dynamicShared(), one copy per block.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(bytes) alignas(bytes)
#define __grid_constant__
#define __launch_bounds__(...)
#define __cluster_dims__(...)

struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x = 1, y = 1, z = 1; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };

namespace cuda_host {

struct Place {
    uint3 thread, block;
    dim3 blockSize, gridSize;
};

enum class Collective { none, barrier, shuffleIndex, shuffleUp, shuffleDown, shuffleXor, ballot };

const Place& here();

/// Ends the launch with this message (printf format); the place of the failing thread is put in front of it.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

void blockBarrier();
/// One warp-wide operation. All lanes named by `mask` must arrive with the same mask, kind and width.
uint32_t warpCollective(Collective kind, unsigned mask, uint32_t value, int operand, int width);

unsigned char* dynamicShared();
unsigned dynamicSharedBytes();

unsigned clusterRank();
unsigned clusterSize();
void clusterArrive();
void clusterWait();
/// The address, in the shared memory of block `rank` of this cluster, that corresponds to `own` in this block's.
void* remoteShared(void* own, unsigned rank);

/// The same as a number, to which bytes can be added; what lies there may be named before that block has begun.
uint32_t clusterPlace(const void* own, unsigned rank);

/// Mbarriers of one arrival in this block's shared memory. Other threads may use them once they have met the calling thread at a
/// cluster barrier at which it arrived later.
void mbarrierInit(uint64_t* barriers, unsigned count);
/// The one arrival of the running phase, and how many bytes the phase takes.
void mbarrierExpect(uint64_t* barrier, unsigned bytes);
/// Returns when the phase before the running one has this parity.
void mbarrierWait(uint64_t* barrier, unsigned parity);
/// Lands later, or at once, as the thread order has it; until then the destination holds NaN.
void storeAsync(uint32_t place, const void* values, unsigned bytes, uint32_t barrierPlace);

/// Copies land only when asyncWait says so; until then the destination holds NaN.
void asyncCopy(void* shared, const void* global, unsigned bytes);
void asyncCommit();
/// Waits until at most `pending` of this thread's committed groups have not landed.
void asyncWait(unsigned pending);

/// A vector access must be aligned to its size, as on the device.
inline void checkAligned(const void* address, unsigned bytes, const char* what) {
    if (reinterpret_cast<uintptr_t>(address) % bytes != 0)
        fail("misaligned %u-byte %s at %p", bytes, what, address);
}

// One access of 16 bytes, which the compiler may not take apart: the tracer sees what the device would do.
typedef uint32_t Vector16 __attribute__((vector_size(16), may_alias));

inline uint4 loadVector(const void* address) {
    checkAligned(address, 16, "vector read");
    Vector16 bits = *static_cast<const Vector16*>(address);
    return {bits[0], bits[1], bits[2], bits[3]};
}

inline void storeVector(void* address, uint4 value) {
    checkAligned(address, 16, "vector write");
    *static_cast<Vector16*>(address) = Vector16{value.x, value.y, value.z, value.w};
}

typedef uint32_t Vector8 __attribute__((vector_size(8), may_alias));

inline void loadVector8(const void* address, uint32_t* words) {
    checkAligned(address, 8, "vector read");
    Vector8 bits = *static_cast<const Vector8*>(address);
    words[0] = bits[0];
    words[1] = bits[1];
}

inline void storeVector8(void* address, const uint32_t* words) {
    checkAligned(address, 8, "vector write");
    *static_cast<Vector8*>(address) = Vector8{words[0], words[1]};
}

template <typename T> T shuffleBits(Collective kind, unsigned mask, T value, int operand, int width) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
    uint32_t words[sizeof(T) / 4];
    memcpy(words, &value, sizeof(T));
    for (uint32_t& word : words) word = warpCollective(kind, mask, word, operand, width);
    memcpy(&value, words, sizeof(T));
    return value;
}

using KernelBody = void (*)(const void* parameters);

/// Runs a grid. Returns 0, or 1 with a message.
int launch(KernelBody body, const void* parameters, size_t parameterBytes, unsigned grid, unsigned block,
           unsigned cluster, unsigned sharedBytes, int order, uint64_t seed, char* message, unsigned messageBytes);

}  // namespace cuda_host

#define threadIdx (::cuda_host::here().thread)
#define blockIdx (::cuda_host::here().block)
#define blockDim (::cuda_host::here().blockSize)
#define gridDim (::cuda_host::here().gridSize)

inline void __syncthreads() { cuda_host::blockBarrier(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) {
    cuda_host::warpCollective(cuda_host::Collective::barrier, mask, 0, 0, 32);
}
template <typename T> T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
    return cuda_host::shuffleBits(cuda_host::Collective::shuffleIndex, mask, value, lane, width);
}
template <typename T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    return cuda_host::shuffleBits(cuda_host::Collective::shuffleUp, mask, value, static_cast<int>(delta), width);
}
template <typename T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    return cuda_host::shuffleBits(cuda_host::Collective::shuffleDown, mask, value, static_cast<int>(delta), width);
}
template <typename T> T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    return cuda_host::shuffleBits(cuda_host::Collective::shuffleXor, mask, value, bits, width);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    return cuda_host::warpCollective(cuda_host::Collective::ballot, mask, predicate != 0, 0, 32);
}

// Fibers of one launch share one processor thread and switch only while waiting: a plain read-modify-write is atomic.
template <typename T> T atomicMax(T* address, T value) {
    T old = *address;
    if (value > old) *address = value;
    return old;
}
template <typename T> T atomicAdd(T* address, T value) {
    T old = *address;
    *address = old + value;
    return old;
}

// The same thread's memory operations are in order anyway.
inline void __threadfence() {}

/// The host entry of a kernel that takes one parameter struct by value; its name is the kernel's plus `_launch`. Beside it, for
/// callers that know the kernel by name only, the struct's size.
#define CUDA_HOST_LAUNCHER(kernel, Parameters)                                                                      \
    extern "C" __attribute__((visibility("default"))) int kernel##_launch(                                          \
        const Parameters* parameters, unsigned grid, unsigned block, unsigned cluster, unsigned sharedBytes,        \
        int order, uint64_t seed, char* message, unsigned messageBytes) {                                           \
        return cuda_host::launch([](const void* p) { kernel(*static_cast<const Parameters*>(p)); }, parameters,     \
                                 sizeof(Parameters), grid, block, cluster, sharedBytes, order, seed, message, messageBytes);            \
    }                                                                                                               \
    extern "C" {                                                                                                    \
    __attribute__((visibility("default"))) extern const unsigned kernel##_parameter_bytes = sizeof(Parameters);     \
    }

/// What `__cluster_dims__` tells a device: blocks per cluster. Kernels without it have clusters of one block.
#define CUDA_HOST_CLUSTER(kernel, blocks)                                                                           \
    extern "C" {                                                                                                    \
    __attribute__((visibility("default"))) extern const unsigned kernel##_cluster = blocks;                         \
    }
