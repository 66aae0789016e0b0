package dev.temper.kernel.plan;

/**
 * The limits of a device on which the choice of a plan depends.
 *
 * @param maxCluster blocks of the largest thread-block cluster: 1 before compute capability 9.0
 * @param sharedPerBlock bytes of shared memory that one block can have, after the kernel's limit was raised
 * @param sharedPerMultiprocessor bytes of shared memory for all blocks of a multiprocessor
 */
public record DeviceLimits(int maxCluster, int sharedPerBlock, int sharedPerMultiprocessor) {

  /**
   * The limits of a compute capability ("Technical specifications per compute capability" in NVIDIA's programming
   * guide), for tests and emulators without a device. If the chips of a generation differ, these are the smaller
   * numbers.
   */
  public static DeviceLimits ofCapability(int major, int minor) {
    return switch (major) {
      case 7 -> new DeviceLimits(1, 64 << 10, 64 << 10);
      case 8 -> minor == 0 ? new DeviceLimits(1, 163 << 10, 164 << 10) : new DeviceLimits(1, 99 << 10, 100 << 10);
      case 9, 10 -> new DeviceLimits(16, 227 << 10, 228 << 10);
      default -> new DeviceLimits(8, 99 << 10, 100 << 10);
    };
  }
}
