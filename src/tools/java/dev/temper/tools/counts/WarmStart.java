package dev.temper.tools.counts;

import dev.temper.DType;
import dev.temper.kernel.plan.Architecture;
import dev.temper.cuda.nvrtc.KernelCompiler;
import dev.temper.cuda.nvrtc.NvrtcPlaces;
import dev.temper.cuda.nvrtc.Target;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.LossSpecialisation.HardPower;
import dev.temper.kernel.spec.LossSpecialisation.Pass;
import dev.temper.kernel.spec.LossSpecialisation.Policy;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.Specialisation;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Times how a new process comes to the machine code of a loss that an earlier one has compiled: cache directory, which NVRTC it
 * would be, sources, and the three kernels of a loss and its gradient from the disk cache. The driver's part, and the JVM's own
 * start, are not in it. Needs NVRTC for the first process; no device.
 *
 * <p>{@code java --enable-native-access=ALL-UNNAMED -cp temper.jar dev.temper.tools.counts.WarmStart}
 */
public final class WarmStart {

  private static final int RUNS = 15;
  private static final String ONE_PROCESS = "once";

  private WarmStart() {}

  /** Starts processes one after the other, with a cache of their own, and prints the medians. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length == 1 && arguments[0].equals(ONE_PROCESS)) {
      once();
      return;
    }
    Path cache = Files.createTempDirectory("temper-warm-start");
    try {
      System.out.printf(Locale.ROOT, "empty cache: %.1f ms%n", process(cache, false).milliseconds);
      List<Times> warm = new ArrayList<>();
      for (int run = 0; run < RUNS; run++) {
        warm.add(process(cache, true));
      }
      System.out.printf(Locale.ROOT, "filled cache: %.1f ms, %.1f of them on a processor; medians of %d processes, none of which loaded NVRTC%n",
          median(warm, Times::milliseconds), median(warm, Times::onProcessor), RUNS);
    } finally {
      delete(cache);
    }
  }

  /** Of one process: wall clock, and what its thread computed, which a busy machine does not change much. */
  private record Times(double milliseconds, double onProcessor) {}

  private static double median(List<Times> times, ToDoubleFunction<Times> of) {
    return times.stream().mapToDouble(of).sorted().toArray()[times.size() / 2];
  }

  private static void once() {
    long startOnProcessor = onProcessor();
    long start = System.nanoTime();
    KernelCompiler compiler = KernelCompiler.ofMachine();
    Architecture hopper = new Architecture(9, 0);
    Target target = Target.choose(hopper, compiler.nvrtc(), NvrtcPlaces.ANY_DRIVER);
    boolean cached = true;
    for (Specialisation kernel : List.of(BatchKernel.CHECK, headline(hopper), BatchKernel.TOTALS)) {
      cached &= compiler.compile(kernel, target).fromCache();
    }
    long nanoseconds = System.nanoTime() - start;
    long onProcessor = onProcessor() - startOnProcessor;
    System.out.println(nanoseconds / 1e6 + " " + onProcessor / 1e6 + " " + (cached && !compiler.hasLoadedNvrtc()));
  }

  /** Nanoseconds of the calling thread, as Linux counts them; by means that load nothing which the start itself would. */
  private static long onProcessor() {
    try (FileInputStream in = new FileInputStream("/proc/thread-self/schedstat")) {
      String line = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return Long.parseLong(line.substring(0, line.indexOf(' ')));
    } catch (IOException e) {
      return 0; // another system
    }
  }

  private static Specialisation headline(Architecture architecture) {
    return LossSpecialisation.of(DType.BF16, DType.BF16, DType.BF16, Policy.FORWARD_KL, true, true, HardPower.SQUARED,
        Pass.FORWARD_BACKWARD, 32_000, DeviceLimits.ofCapability(architecture.major(), architecture.minor()));
  }

  private static Times process(Path cache, boolean warm) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command(cache, List.of())).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException("a new process failed: " + said);
    }
    String[] result = said.substring(said.lastIndexOf('\n') + 1).split(" ", -1); // behind what the JVM may have to say
    if (warm != Boolean.parseBoolean(result[2])) {
      throw new IOException("expected a process that " + (warm ? "finds" : "compiles") + " its kernels: " + said);
    }
    return new Times(Double.parseDouble(result[0]), Double.parseDouble(result[1]));
  }

  /** What starts such a process. */
  static List<String> command(Path cache, List<String> options) {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.add("--enable-native-access=ALL-UNNAMED");
    for (String name : List.of(NvrtcPlaces.LIBRARY_PROPERTY, NvrtcPlaces.WHEELS_PROPERTY)) {
      if (System.getProperty(name) != null) {
        command.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    command.addAll(options);
    command.addAll(List.of("-D" + CacheDirectory.PROPERTY + "=" + cache, "-cp", System.getProperty("java.class.path"),
        WarmStart.class.getName(), ONE_PROCESS));
    return command;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
