package dev.temper.kernel.plan;

import org.jspecify.annotations.Nullable;

/**
 * The limits of a device on which the choice of a plan depends.
 *
 * @param ringCopies the copies that fill rings; null before compute capability 8.0, where there are no rings
 * @param maxCluster blocks of the largest thread-block cluster: 1 before compute capability 9.0
 * @param sharedPerBlock bytes of shared memory that one block can have, after the kernel's limit was raised
 * @param sharedPerMultiprocessor bytes of shared memory for all blocks of a multiprocessor
 */
public record DeviceLimits(@Nullable RingCopies ringCopies, int maxCluster, int sharedPerBlock,
    int sharedPerMultiprocessor) {

  /** The copies that fill the rings of a compute capability. */
  public static @Nullable RingCopies ringCopies(int major) {
    return major >= 9 ? RingCopies.BULK : major == 8 ? RingCopies.GRANULE : null;
  }

  /**
   * The limits of a compute capability ("Technical specifications per compute capability" in NVIDIA's programming
   * guide), for tests and emulators without a device. If the chips of a generation differ, these are the smaller
   * numbers.
   */
  public static DeviceLimits ofCapability(int major, int minor) {
    RingCopies copies = ringCopies(major);
    return switch (major) {
      case 7 -> new DeviceLimits(copies, 1, 64 << 10, 64 << 10);
      case 8 -> minor == 0 ? new DeviceLimits(copies, 1, 163 << 10, 164 << 10)
          : new DeviceLimits(copies, 1, 99 << 10, 100 << 10);
      case 9, 10 -> new DeviceLimits(copies, 16, 227 << 10, 228 << 10);
      default -> new DeviceLimits(copies, 8, 99 << 10, 100 << 10);
    };
  }
}
