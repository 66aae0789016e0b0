package dev.temper.cuda;

import dev.temper.cuda.compile.Architecture;
import dev.temper.kernel.DeviceLimits;
import java.util.function.IntUnaryOperator;

/**
 * One device, as the driver describes it.
 *
 * @param index number, as in {@code cuda:1}
 * @param name the maker's name
 * @param architecture compute capability
 * @param memoryBytes total memory
 */
record CudaDevice(int index, String name, Architecture architecture, long memoryBytes) {

  /** What the kernels need. */
  static final Architecture OLDEST = new Architecture(7, 5);

  private static final int SHARED_PER_MULTIPROCESSOR = 81;
  private static final int SHARED_PER_BLOCK_OPT_IN = 97;
  private static final int CLUSTER_LAUNCH = 120;

  boolean isSupported() {
    return architecture.compareTo(OLDEST) >= 0;
  }

  /**
   * What decides where rows stay.
   *
   * @param attribute value of a {@code CUdevice_attribute}, by its number
   * @param clusters asked on devices that have clusters: blocks of the largest one for blocks of so much shared memory
   */
  static DeviceLimits limits(IntUnaryOperator attribute, IntUnaryOperator clusters) {
    int shared = attribute.applyAsInt(SHARED_PER_BLOCK_OPT_IN);
    int cluster = attribute.applyAsInt(CLUSTER_LAUNCH) == 0 ? 1 : clusters.applyAsInt(shared);
    return new DeviceLimits(cluster, shared, attribute.applyAsInt(SHARED_PER_MULTIPROCESSOR));
  }

  @Override
  public String toString() {
    return name + " (compute capability " + architecture + ", " + Math.round(memoryBytes / 0x1p30 * 10) / 10.0 + " GiB)";
  }
}
