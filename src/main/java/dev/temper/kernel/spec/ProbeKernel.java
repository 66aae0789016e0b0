package dev.temper.kernel.spec;

import dev.temper.kernel.plan.DeviceLimits;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The kernel of the self-checks, {@code probe.cu}. It applies one device function to the words of an input.
 *
 * @param cluster blocks per cluster; 1 except in the checks of the exchange within clusters
 */
public record ProbeKernel(int cluster) implements Specialisation {

  /** Threads per block. */
  public static final int THREADS = 128;

  /** The kernels that a device can run: one without a cluster, and one for each cluster size. */
  public static List<Specialisation> all(DeviceLimits limits) {
    return IntStream.of(1, 2, 4, 8, 16)
        .filter(cluster -> cluster <= limits.maxCluster()).<Specialisation>mapToObj(ProbeKernel::new).toList();
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
