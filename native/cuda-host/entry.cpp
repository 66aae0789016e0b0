// The host entry for callers that know a kernel by its address: the emulator.
#include <stdint.h>

using KernelEntry = int(const void* parameters, unsigned grid, unsigned block, unsigned cluster, unsigned shared_bytes,
                        int order, uint64_t seed, char* message, unsigned message_bytes);

// Calls the entry that CUDA_HOST_LAUNCHER defines for a kernel, and returns its result. The unnamed arguments are host
// memory that the kernel accesses, or null. They have no use here, but Java's foreign function interface keeps the
// memory of all arguments allocated until the call returns.
extern "C" __attribute__((visibility("default"))) int cuda_host_launch(
    KernelEntry* entry, const void* parameters, unsigned grid, unsigned block, unsigned cluster, unsigned shared_bytes,
    int order, uint64_t seed, char* message, unsigned message_bytes, const void*, const void*, const void*, const void*,
    const void*, const void*, const void*, const void*, const void*, const void*, const void*, const void*, const void*,
    const void*) {
  return entry(parameters, grid, block, cluster, shared_bytes, order, seed, message, message_bytes);
}
