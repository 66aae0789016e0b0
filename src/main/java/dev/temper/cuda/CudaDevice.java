package dev.temper.cuda;

import dev.temper.cuda.compile.Architecture;
import dev.temper.kernel.DeviceLimits;
import java.util.Locale;
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
   * What decides where rows stay. Nothing tells the largest cluster but a trial: 16 blocks fit on the data centre's chips of
   * compute capability 9 and 10, 8 are possible wherever there are clusters.
   *
   * @param attribute value of a {@code CUdevice_attribute}, by its number
   */
  DeviceLimits limits(IntUnaryOperator attribute) {
    boolean large = architecture.major() == 9 || architecture.major() == 10;
    int cluster = attribute.applyAsInt(CLUSTER_LAUNCH) == 0 ? 1 : large ? 16 : 8;
    return new DeviceLimits(cluster, attribute.applyAsInt(SHARED_PER_BLOCK_OPT_IN), attribute.applyAsInt(SHARED_PER_MULTIPROCESSOR));
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s (compute capability %s, %.1f GiB)", name, architecture, memoryBytes / 0x1p30);
  }
}
