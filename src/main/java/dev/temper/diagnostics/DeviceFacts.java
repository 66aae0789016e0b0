package dev.temper.diagnostics;

/**
 * Properties of a device that a benchmark report needs: its names, its versions and the size of its cache.
 *
 * @param name name in the driver, such as {@code NVIDIA H200}
 * @param capability compute capability, such as {@code 9.0}
 * @param multiprocessors number of multiprocessors
 * @param memoryBytes size of the device memory; 0 if it is unknown
 * @param cacheBytes size of the L2 cache
 * @param clusters the largest thread-block cluster that the device can place, such as {@code up to 16 blocks}, or the
 *     reason why it can place none; rows that do not fit into one block are then read twice
 * @param driver version of the driver, such as {@code CUDA 13.0}
 * @param compiler compiler of the kernels, such as {@code NVRTC 12.9}
 */
public record DeviceFacts(
    String name, String capability, int multiprocessors, long memoryBytes, long cacheBytes, String clusters,
    String driver, String compiler) {}
