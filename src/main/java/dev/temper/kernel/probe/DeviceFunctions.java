package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.plan.RingCopies;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.ProbeParameters.Operation;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Runs each function of {@code kernels/device.cuh} alone on a device and compares the results with the host's. The loss
 * of one shape can hide a wrong function.
 */
public final class DeviceFunctions {

  private static final int THREADS = ProbeKernel.THREADS;
  private static final int BLOCKS = 8;
  /** Items per thread in the checks of copies, so that a thread copies to several addresses. */
  private static final int ROUNDS = 3;

  private final KernelDevice device;
  private final Probe probe;
  private final Map<String, FunctionCheck> checks = new LinkedHashMap<>();

  /** A check, and the blocks of a cluster of its kernel. */
  private record FunctionCheck(int cluster, Supplier<SelfCheck> run) {}

  /** Lists the checks of a device. No kernel is compiled yet. */
  public DeviceFunctions(KernelDevice device) {
    this.device = device;
    probe = new Probe(device);
    add("exp2", () -> exponentials(Operation.EXP2, Exponentials::allows));
    add("exp2-normal", () -> exponentials(Operation.EXP2_NORMAL, Exponentials::allowsNormal));
    add("log2-normal", this::logarithms);
    add("reciprocal", this::inverses);
    add("warp-max", this::warpMaximum);
    add("max-f16", () -> maximum(new HalfMaximum(HalfFormat.F16, Operation.MAX_F16)));
    add("max-bf16", () -> maximum(new HalfMaximum(HalfFormat.BF16, Operation.MAX_BF16)));
    add("widen-f16", () -> widen(HalfFormat.F16, Operation.WIDEN_F16));
    add("widen-bf16", () -> widen(HalfFormat.BF16, Operation.WIDEN_BF16));
    add("narrow-f16", () -> narrow(HalfFormat.F16, Operation.NARROW_F16));
    add("narrow-bf16", () -> narrow(HalfFormat.BF16, Operation.NARROW_BF16));
    add("words-8-bytes", () -> words(Operation.WORDS2, 2));
    add("words-16-bytes", () -> words(Operation.WORDS4, 4));
    add("words-32-bytes", () -> words(Operation.WORDS8, 8));
    add("async-copy-8-bytes", () -> throughShared(Operation.ASYNC_COPY8, 2));
    add("async-copy-16-bytes", () -> throughShared(Operation.ASYNC_COPY16, 4));
    add("shared-memory", this::sharedMemory);
    add("funnel-shift", this::funnelShift);
    add("ring", () -> RingProbe.check(RingCopies.BULK, device.limits().ringCopies(), probe));
    add("ring-by-granules", () -> RingProbe.check(RingCopies.GRANULE, device.limits().ringCopies(), probe));
    for (int cluster : new int[] {2, 4, 8, 16}) {
      checks.put("cluster-" + cluster, new FunctionCheck(cluster, () -> cluster(cluster)));
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

  /** Decides whether the result of a device is within the error bound. */
  private interface Tolerance {
    boolean allow(float argument, float found);
  }

  private SelfCheck exponentials(Operation operation, Tolerance tolerance) {
    int[] arguments = Exponentials.arguments();
    int[] found = probe.run(operation, 1, BLOCKS, 0, arguments.length, arguments, arguments.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      float x = Float.intBitsToFloat(arguments[i]);
      comparison.judge(tolerance.allow(x, Float.intBitsToFloat(found[i])), "2^" + x + ", argument", i, found[i],
          (float) Math.pow(2, x) + " within " + (float) Exponentials.bound(x));
    }
    return comparison.outcome();
  }

  private SelfCheck logarithms() {
    int[] arguments = Log2.arguments();
    int[] found = probe.run(Operation.LOG2_NORMAL, 1, BLOCKS, 0, arguments.length, arguments, arguments.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      float x = Float.intBitsToFloat(arguments[i]);
      comparison.judge(Log2.allows(x, Float.intBitsToFloat(found[i])), "log2 " + x + ", argument", i, found[i],
          (float) (Math.log(x) / Math.log(2)) + " within 2^-22");
    }
    return comparison.outcome();
  }

  /** Inverts normal numbers whose inverse is normal. */
  private SelfCheck inverses() {
    int[] arguments = Arrays.stream(Log2.arguments()).filter(bits -> Float.intBitsToFloat(bits) < 0x1p126f).toArray();
    int[] found = probe.run(Operation.RECIPROCAL, 1, BLOCKS, 0, arguments.length, arguments, arguments.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      double x = Float.intBitsToFloat(arguments[i]);
      comparison.judge(Math.abs(Float.intBitsToFloat(found[i]) * x - 1) <= 0x1p-22, "1 / " + (float) x + ", argument",
          i, found[i], (float) (1 / x) + " within a relative 2^-22");
    }
    return comparison.outcome();
  }

  /** Each lane of a warp receives the largest number of its lanes. */
  private SelfCheck warpMaximum() {
    int[] input = Probe.random(ROUNDS * BLOCKS * THREADS);
    int[] found = probe.run(Operation.WARP_MAX, 1, BLOCKS, 0, input.length, input, input.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      float largest = Float.NEGATIVE_INFINITY;
      for (int lane = 0; lane < 32; lane++) {
        largest = Math.max(largest, Float.intBitsToFloat(input[i / 32 * 32 + lane]));
      }
      comparison.same("lane", i, found[i], Float.floatToRawIntBits(largest));
    }
    return comparison.outcome();
  }

  private SelfCheck maximum(HalfMaximum maximum) {
    int[] words = HalfMaximum.inputs();
    int items = words.length / 2;
    int[] found = probe.run(maximum.operation(), 1, BLOCKS, 0, items, words, items);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < 2 * items; i++) {
      int shift = 16 * (i % 2);
      int a = words[i / 2 * 2] >>> shift & 0xffff;
      int b = words[i / 2 * 2 + 1] >>> shift & 0xffff;
      int answer = found[i / 2] >>> shift & 0xffff;
      comparison.judge(maximum.allows(a, b, answer), String.format("0x%04x and 0x%04x, number", a, b), i, answer,
          "one of them");
    }
    return comparison.outcome();
  }

  /** Widens all patterns, each once in the lower and once in the upper half of a word. */
  private SelfCheck widen(HalfFormat format, Operation operation) {
    int patterns = 1 << 16;
    int[] words = IntStream.range(0, patterns).map(low -> low | (patterns - 1 - low) << 16).toArray();
    int[] found = probe.run(operation, 1, BLOCKS, 0, patterns, words, 2 * patterns);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      int pattern = i % 2 == 0 ? i / 2 : patterns - 1 - i / 2;
      if (format.isNan(pattern)) {
        comparison.judge(Float.isNaN(Float.intBitsToFloat(found[i])), "pattern", pattern, found[i], "NaN");
      } else {
        comparison.same("pattern", pattern, found[i], Float.floatToRawIntBits((float) format.value(pattern)));
      }
    }
    return comparison.outcome();
  }

  private SelfCheck narrow(HalfFormat format, Operation operation) {
    RoundingTable table = RoundingTable.of(format);
    int[] inputs = table.inputs();
    int pairs = table.size() / 2;
    int[] found = probe.run(operation, 1, BLOCKS, 0, pairs, inputs, pairs);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < 2 * pairs; i++) {
      int pattern = (found[i / 2] >>> (16 * (i % 2))) & 0xffff;
      int expected = table.expected(i);
      String what = String.format("0x%08x, number", inputs[i]);
      if (format.isNan(expected)) {
        comparison.judge(format.isNan(pattern), what, i, pattern, "NaN");
      } else {
        comparison.same(what, i, pattern, expected);
      }
    }
    return comparison.outcome();
  }

  /** Copies items in reverse order. */
  private SelfCheck words(Operation operation, int wordsPerItem) {
    int items = ROUNDS * BLOCKS * THREADS;
    int[] input = Probe.random(items * wordsPerItem);
    int[] found = probe.run(operation, 1, BLOCKS, 0, items, input, input.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      int item = items - 1 - i / wordsPerItem;
      comparison.same("word", i, found[i], input[item * wordsPerItem + i % wordsPerItem]);
    }
    return comparison.outcome();
  }

  /**
   * Copies through shared memory; each thread then writes the item that it copied, and the item of the thread opposite
   * to it.
   */
  private SelfCheck throughShared(Operation operation, int wordsPerItem) {
    int items = ROUNDS * BLOCKS * THREADS;
    int[] input = Probe.random(items * wordsPerItem);
    int[] found = probe.run(operation, 1, BLOCKS, (long) THREADS * wordsPerItem * Integer.BYTES, items, input,
        2 * input.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      int item = i / wordsPerItem;
      int opposite = item / THREADS * THREADS + THREADS - 1 - item % THREADS;
      comparison.same("own word", i, found[i], input[i]);
      comparison.same("other thread's word", i, found[input.length + i],
          input[opposite * wordsPerItem + i % wordsPerItem]);
    }
    return comparison.outcome();
  }

  /** Uses as much shared memory as a block can have. */
  private SelfCheck sharedMemory() {
    int words = device.limits().sharedPerBlock() / Integer.BYTES;
    int[] input = Probe.random(words);
    int[] found = probe.run(Operation.SHARED_MEMORY, 1, BLOCKS, (long) words * Integer.BYTES, words, input,
        BLOCKS * words);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      comparison.same("word", i, found[i], input[words - 1 - i % words] + i / words);
    }
    return comparison.outcome();
  }

  /** Shifts a pair of words by 0 to 31 bits. */
  private SelfCheck funnelShift() {
    int items = ROUNDS * BLOCKS * THREADS;
    int[] input = Probe.random(2 * items);
    int[] found = probe.run(Operation.FUNNEL_SHIFT, 1, BLOCKS, 0, items, input, items);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < items; i++) {
      long pair = (long) input[2 * i + 1] << Integer.SIZE | Integer.toUnsignedLong(input[2 * i]);
      comparison.same("pair", i, found[i], (int) (pair >>> i % Integer.SIZE));
    }
    return comparison.outcome();
  }

  private SelfCheck cluster(int cluster) {
    if (cluster > device.limits().maxCluster()) {
      return SelfCheck.notRun("clusters of " + cluster + " blocks are beyond this device, which has "
          + (device.limits().maxCluster() == 1 ? "none" : "up to " + device.limits().maxCluster()));
    }
    ProbeComparison comparison = new ProbeComparison();
    exchange(Operation.CLUSTER_EXCHANGE1, cluster, 1, comparison);
    exchange(Operation.CLUSTER_EXCHANGE2, cluster, 2, comparison);
    exchange(Operation.CLUSTER_EXCHANGE4, cluster, 4, comparison);
    return comparison.outcome();
  }

  /**
   * Every warp sends {@code width} values at once to every block of its cluster, in rounds that alternate between two
   * mbarriers.
   */
  private void exchange(Operation operation, int cluster, int width, ProbeComparison comparison) {
    int clusters = 3;
    int rounds = 7;
    int warps = THREADS / 32;
    int words = warps * cluster * width;
    int blocks = clusters * cluster;
    int[] input = Probe.random(blocks * rounds * words);
    int[] found = probe.run(operation, cluster, blocks, 2L * (words * Float.BYTES + Long.BYTES), rounds, input,
        input.length + blocks);
    for (int i = 0; i < input.length; i++) {
      int block = i / (rounds * words);
      int round = i / words % rounds;
      int sender = block / cluster * cluster + i % words / width / warps;
      int warp = i % words / width % warps;
      comparison.same("round " + round + ", block " + sender + " to", block, found[i],
          input[(sender * rounds + round) * words + (warp * cluster + block % cluster) * width + i % width]);
    }
    for (int block = 0; block < blocks; block++) {
      comparison.same("rank of block", block, found[input.length + block], block % cluster);
    }
  }
}
