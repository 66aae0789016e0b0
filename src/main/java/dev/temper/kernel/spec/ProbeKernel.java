package dev.temper.kernel.spec;

import dev.temper.kernel.plan.DeviceLimits;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The kernel that applies single device functions to given words ({@code probe.cu}); no loss needs it.
 *
 * @param cluster blocks per cluster: 1, or a size whose exchange is probed
 */
public record ProbeKernel(int cluster) implements Specialisation {

  /** Threads per block. */
  public static final int THREADS = 128;

  /** Those that a device can run: one without a cluster, and one for each cluster size. */
  public static List<Specialisation> all(DeviceLimits limits) {
    return IntStream.of(1, 2, 4, 8, 16).filter(cluster -> cluster <= limits.maxCluster()).<Specialisation>mapToObj(ProbeKernel::new).toList();
  }

  @Override
  public String source() {
    return "probe.cu";
  }

  @Override
  public List<String> definitions() {
    return List.of("TEMPER_KERNEL=" + ENTRY, "TEMPER_THREADS=" + THREADS, "TEMPER_CLUSTER=" + cluster);
  }

  @Override
  public String parameters() {
    return "ProbeParameters";
  }

  @Override
  public int threads() {
    return THREADS;
  }
}
