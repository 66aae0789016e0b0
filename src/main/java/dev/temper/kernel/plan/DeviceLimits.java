package dev.temper.kernel.plan;

/**
 * What of a device decides where rows stay.
 *
 * @param maxCluster blocks of the largest thread-block cluster: 1 before compute capability 9.0
 * @param sharedPerBlock bytes of shared memory that one block can have when it asks for them
 * @param sharedPerMultiprocessor bytes that the blocks of one multiprocessor share
 */
public record DeviceLimits(int maxCluster, int sharedPerBlock, int sharedPerMultiprocessor) {

  /**
   * The limits of a compute capability ("Technical specifications per compute capability" of NVIDIA's programming guide), for
   * gates and emulators that have no device to ask. Where a generation differs by chip, the smaller numbers.
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
