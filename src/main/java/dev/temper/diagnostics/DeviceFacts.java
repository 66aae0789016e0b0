package dev.temper.diagnostics;

/**
 * What a device tells of itself: what numbers measured on it belong to, and how large data must be to leave its cache.
 *
 * @param name as its driver calls it, such as {@code NVIDIA H200}
 * @param capability compute capability, such as {@code 9.0}
 * @param multiprocessors how many it has
 * @param memoryBytes size of its memory; 0 where it does not tell
 * @param cacheBytes size of its last cache before that memory (L2)
 * @param clusters the largest thread-block cluster that it places, such as {@code up to 16 blocks}, or why it places
 *     none: rows that do not fit into one block are then read twice
 * @param driver version of the driver, such as {@code CUDA 13.0}
 * @param compiler what compiles the kernels, such as {@code NVRTC 12.9}
 */
public record DeviceFacts(
    String name, String capability, int multiprocessors, long memoryBytes, long cacheBytes, String clusters,
    String driver, String compiler) {}
