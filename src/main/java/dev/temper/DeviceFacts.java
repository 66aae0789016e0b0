package dev.temper;

/**
 * What a device tells of itself: what numbers measured on it belong to, and how large data must be to leave its cache.
 *
 * @param name as its driver calls it, such as {@code NVIDIA H200}
 * @param capability compute capability, such as {@code 9.0}
 * @param multiprocessors how many it has
 * @param memoryBytes size of its memory; 0 where it does not tell
 * @param cacheBytes size of its last cache before that memory (L2)
 * @param driver version of the driver, such as {@code CUDA 13.0}
 * @param compiler what compiles the kernels, such as {@code NVRTC 12.9}
 */
public record DeviceFacts(
    String name, String capability, int multiprocessors, long memoryBytes, long cacheBytes, String driver, String compiler) {}
