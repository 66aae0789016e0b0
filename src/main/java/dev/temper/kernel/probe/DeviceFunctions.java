package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.plan.RingCopies;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.ProbeParameters.Operation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Runs each function of {@code kernels/device.cuh} alone on a device and compares the results with the host's. The loss
 * of one shape can hide a wrong function.
 */
public final class DeviceFunctions {

  private final KernelDevice device;
  private final Map<String, FunctionCheck> checks = new LinkedHashMap<>();

  /** A check, and the blocks of a cluster of its kernel. */
  private record FunctionCheck(int cluster, Supplier<SelfCheck> run) {}

  /** Lists the checks of a device. No kernel is compiled yet. */
  public DeviceFunctions(KernelDevice device) {
    this.device = device;
    Probe probe = new Probe(device);
    ArithmeticChecks arithmetic = new ArithmeticChecks(probe);
    ExchangeChecks exchange = new ExchangeChecks(device, probe);
    add("exp2", () -> arithmetic.exponentials(Operation.EXP2, Exponentials::allows));
    add("exp2-normal", () -> arithmetic.exponentials(Operation.EXP2_NORMAL, Exponentials::allowsNormal));
    add("log2-normal", arithmetic::logarithms);
    add("reciprocal", arithmetic::inverses);
    add("warp-max", arithmetic::warpMaximum);
    add("max-f16", () -> arithmetic.maximum(new HalfMaximum(HalfFormat.F16, Operation.MAX_F16)));
    add("max-bf16", () -> arithmetic.maximum(new HalfMaximum(HalfFormat.BF16, Operation.MAX_BF16)));
    add("widen-f16", () -> arithmetic.widen(HalfFormat.F16, Operation.WIDEN_F16));
    add("widen-bf16", () -> arithmetic.widen(HalfFormat.BF16, Operation.WIDEN_BF16));
    add("narrow-f16", () -> arithmetic.narrow(HalfFormat.F16, Operation.NARROW_F16));
    add("narrow-bf16", () -> arithmetic.narrow(HalfFormat.BF16, Operation.NARROW_BF16));
    add("words-8-bytes", () -> exchange.words(Operation.WORDS2, 2));
    add("words-16-bytes", () -> exchange.words(Operation.WORDS4, 4));
    add("words-32-bytes", () -> exchange.words(Operation.WORDS8, 8));
    add("async-copy-8-bytes", () -> exchange.throughShared(Operation.ASYNC_COPY8, 2));
    add("async-copy-16-bytes", () -> exchange.throughShared(Operation.ASYNC_COPY16, 4));
    add("shared-memory", exchange::sharedMemory);
    add("funnel-shift", arithmetic::funnelShift);
    add("ring", () -> RingProbe.check(RingCopies.BULK, device.limits().ringCopies(), probe));
    add("ring-by-granules", () -> RingProbe.check(RingCopies.GRANULE, device.limits().ringCopies(), probe));
    for (int cluster : new int[] {2, 4, 8, 16}) {
      checks.put("cluster-" + cluster, new FunctionCheck(cluster, () -> exchange.cluster(cluster)));
    }
  }

  private void add(String name, Supplier<SelfCheck> run) {
    checks.put(name, new FunctionCheck(1, run));
  }

  /** Names of the checks, in their order. */
  public List<String> names() {
    return List.copyOf(checks.keySet());
  }

  /**
   * Compiles and loads the kernel of a check, if the device can run it.
   *
   * @throws IllegalArgumentException if no check has that name
   */
  public void load(String name) {
    int cluster = check(name).cluster;
    if (cluster <= device.limits().maxCluster()) {
      device.load(new ProbeKernel(cluster));
    }
  }

  /**
   * Runs a check.
   *
   * @throws IllegalArgumentException if no check has that name
   */
  public SelfCheck run(String name) {
    return check(name).run.get();
  }

  private FunctionCheck check(String name) {
    FunctionCheck check = checks.get(name);
    if (check == null) {
      throw new IllegalArgumentException("no check is named '" + name + "', expected one of "
          + String.join(", ", checks.keySet()));
    }
    return check;
  }
}
