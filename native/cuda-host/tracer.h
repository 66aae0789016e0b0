// The access tracer. A kernel compiled with -fsanitize=thread calls a __tsan_* function at every memory access; the
// tracer implements these functions. It counts bytes and 32-byte sectors per registered buffer. The launch fails at a
// race in shared memory, at a read of global memory that is not ordered after another block's store (global_order.h),
// at a read of uninitialised shared memory, and at an access outside the registered buffers.
// A runtime compiled without CUDA_HOST_TRACE has no tracer.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct TraceCounts {
  uint64_t bytes_read, bytes_written;
  uint64_t sectors_read, sectors_written;  // sectors of every warp-wide access, summed over the accesses
  uint32_t least_reads, most_reads;        // the smallest and the largest number of reads of a byte
  uint32_t least_writes, most_writes;
};

namespace cuda_host {

class Machine;
struct AsyncStore;
struct Mbarrier;

#if defined(CUDA_HOST_TRACE)
void trace_read(const void* address, size_t bytes);
void trace_write(const void* address, size_t bytes);
void trace_cluster_start(Machine& machine);

// The current thread passes a fence, or is about to perform an atomic operation.
void trace_fence();
void trace_atomic(const void* address);

// The current thread issues an asynchronous store. From this point the destination may change.
void trace_store_issued(AsyncStore& store, const Mbarrier& barrier);
void trace_store_completed(const AsyncStore& store, Mbarrier& barrier);
void trace_phase_ended(Mbarrier& barrier);

// The current thread arrives, which releases its warp's accesses before the last __syncwarp.
void trace_arrival(Mbarrier& barrier);

// The current thread has observed the completion of a phase.
void trace_mbarrier_wait(const Mbarrier& barrier);
#else
inline void trace_read(const void*, size_t) {}
inline void trace_write(const void*, size_t) {}
inline void trace_cluster_start(Machine&) {}
inline void trace_fence() {}
inline void trace_atomic(const void*) {}
inline void trace_store_issued(AsyncStore&, const Mbarrier&) {}
inline void trace_store_completed(const AsyncStore&, Mbarrier&) {}
inline void trace_phase_ended(Mbarrier&) {}
inline void trace_arrival(Mbarrier&) {}
inline void trace_mbarrier_wait(const Mbarrier&) {}
#endif

}  // namespace cuda_host

#if defined(CUDA_HOST_TRACE)
#define CUDA_HOST_EXPORT extern "C" __attribute__((visibility("default")))
// Removes all buffers and counts of the calling operating-system thread.
CUDA_HOST_EXPORT void cuda_host_trace_clear();

// Registers global memory that kernels may access. Returns the buffer's number.
CUDA_HOST_EXPORT int cuda_host_trace_buffer(const void* address, uint64_t bytes, int writable, const char* name);

CUDA_HOST_EXPORT void cuda_host_trace_counts(int buffer, TraceCounts* counts);
#endif
