package dev.temper.cuda.driver;

import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * The properties of one device that the driver reports.
 *
 * @param index number, as in {@code cuda:1}
 * @param name NVIDIA's name of the device
 * @param architecture compute capability
 * @param memoryBytes total memory
 */
public record CudaDevice(int index, String name, Architecture architecture, long memoryBytes) {

  /** The oldest compute capability that the kernels support. */
  public static final Architecture OLDEST = new Architecture(7, 5);

  private static final int SHARED_PER_MULTIPROCESSOR = 81;
  private static final int SHARED_PER_BLOCK_OPT_IN = 97;
  private static final int CLUSTER_LAUNCH = 120;

  public boolean isSupported() {
    return architecture.compareTo(OLDEST) >= 0;
  }

  /**
   * The clusters that the device can place, of blocks that use all shared memory.
   *
   * @param attribute value of a {@code CUdevice_attribute}, by its number
   * @param query called on devices with clusters, with the bytes of shared memory of a block
   */
  public static ClusterSizes clusters(IntUnaryOperator attribute, IntFunction<ClusterSizes> query) {
    return attribute.applyAsInt(CLUSTER_LAUNCH) == 0 ? ClusterSizes.NONE
        : query.apply(attribute.applyAsInt(SHARED_PER_BLOCK_OPT_IN));
  }

  /** The limits on which the choice of a plan depends. */
  public DeviceLimits limits(IntUnaryOperator attribute, ClusterSizes clusters) {
    return new DeviceLimits(DeviceLimits.ringCopies(architecture.major()), clusters.largest(),
        attribute.applyAsInt(SHARED_PER_BLOCK_OPT_IN), attribute.applyAsInt(SHARED_PER_MULTIPROCESSOR));
  }

  @Override
  public String toString() {
    return name + " (compute capability " + architecture + ", " + Math.round(memoryBytes / 0x1p30 * 10) / 10.0
        + " GiB)";
  }
}
