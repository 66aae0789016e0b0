// The access tracer: what a build of the kernels with -fsanitize=thread reports through our own __tsan_* hooks.
// It counts bytes and 32-byte sectors per registered buffer and ends the launch at a race in shared memory, a read of
// shared memory that nobody wrote, or an access outside every registered buffer.
// Only a runtime compiled with CUDA_HOST_TRACE has it.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct TraceCounts {
    uint64_t bytesRead, bytesWritten;
    uint64_t sectorsRead, sectorsWritten;  // summed over warp-wide accesses, as the memory system counts them
    uint32_t leastReads, mostReads;        // of one byte
    uint32_t leastWrites, mostWrites;
};

namespace cuda_host {

class Machine;
struct AsyncStore;
struct Mbarrier;

#if defined(CUDA_HOST_TRACE)
void traceRead(const void* address, size_t bytes);
void traceWrite(const void* address, size_t bytes);
void traceClusterStart(Machine& machine);
/// The current thread sends a store: from now on its destination may change.
void traceStoreSent(AsyncStore& store, const Mbarrier& barrier);
void traceStoreLanded(const AsyncStore& store, Mbarrier& barrier);
void tracePhaseEnded(Mbarrier& barrier);
/// The current thread has seen the end of a phase.
void traceMbarrierWait(const Mbarrier& barrier);
#else
inline void traceRead(const void*, size_t) {}
inline void traceWrite(const void*, size_t) {}
inline void traceClusterStart(Machine&) {}
inline void traceStoreSent(AsyncStore&, const Mbarrier&) {}
inline void traceStoreLanded(const AsyncStore&, Mbarrier&) {}
inline void tracePhaseEnded(Mbarrier&) {}
inline void traceMbarrierWait(const Mbarrier&) {}
#endif

}  // namespace cuda_host

#if defined(CUDA_HOST_TRACE)
#define CUDA_HOST_EXPORT extern "C" __attribute__((visibility("default")))
/// Forgets all buffers and counts of this processor thread.
CUDA_HOST_EXPORT void cuda_host_trace_clear();
/// Registers global memory that kernels may touch; returns its number.
CUDA_HOST_EXPORT int cuda_host_trace_buffer(const void* address, uint64_t bytes, int writable, const char* name);
CUDA_HOST_EXPORT void cuda_host_trace_counts(int buffer, TraceCounts* counts);
#endif
