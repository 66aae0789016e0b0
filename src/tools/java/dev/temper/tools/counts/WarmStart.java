package dev.temper.tools.counts;

import dev.temper.DType;
import dev.temper.cuda.nvrtc.KernelCompiler;
import dev.temper.cuda.nvrtc.NvrtcPlaces;
import dev.temper.cuda.nvrtc.Target;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.ExpReuse;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.spi.layout.Pass;
import dev.temper.tools.files.TemporaryFolder;
import dev.temper.tools.process.JavaCommand;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Measures the time in which a new process loads the machine code of a loss that an earlier process has compiled. The
 * process finds the cache directory and the version of NVRTC, reads the sources, and loads three kernels from the disk
 * cache. The times of the driver and of the JVM's start are not included. The first process needs NVRTC; no process
 * needs a device.
 *
 * <p>{@code java --enable-native-access=ALL-UNNAMED -cp temper.jar dev.temper.tools.counts.WarmStart}
 */
public final class WarmStart {

  private static final int RUNS = 15;
  static final String ONE_PROCESS = "once";

  private WarmStart() {}

  /** Starts processes one after the other, all with one cache folder of their own, and prints the medians. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 1 && arguments[0].equals(ONE_PROCESS)) {
      once();
      return;
    }
    try (TemporaryFolder cache = TemporaryFolder.make("temper-warm-start")) {
      System.out.printf(Locale.ROOT, "empty cache: %.1f ms%n", process(cache.path(), false).milliseconds);
      List<Times> warm = new ArrayList<>();
      for (int run = 0; run < RUNS; run++) {
        warm.add(process(cache.path(), true));
      }
      System.out.printf(Locale.ROOT,
          "filled cache: %.1f ms, %.1f of them on a processor; medians of %d processes, none of which loaded NVRTC%n",
          median(warm, Times::milliseconds), median(warm, Times::onProcessor), RUNS);
    }
  }

  /** Wall time and processor time of one process. A busy machine hardly changes the processor time. */
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

  /**
   * Returns the processor time of the calling thread in nanoseconds. The call loads no class that the measured start
   * would load.
   */
  private static long onProcessor() {
    try (FileInputStream in = new FileInputStream("/proc/thread-self/schedstat")) {
      String line = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return Long.parseLong(line.substring(0, line.indexOf(' ')));
    } catch (IOException e) {
      return 0; // another system
    }
  }

  private static Specialisation headline(Architecture architecture) {
    return LossSpecialisation.of(DType.BF16, DType.BF16, DType.BF16, "ForwardKl", true, true, ExpReuse.SQUARED,
        Pass.FORWARD_BACKWARD, 32_000, DeviceLimits.ofCapability(architecture.major(), architecture.minor()));
  }

  private static Times process(Path cache, boolean warm) throws IOException {
    String line = command(cache).lastLine(ONE_PROCESS);
    String[] result = line.split(" ", -1);
    if (warm != Boolean.parseBoolean(result[2])) {
      throw new IOException("expected a process that " + (warm ? "finds" : "compiles") + " its kernels: " + line);
    }
    return new Times(Double.parseDouble(result[0]), Double.parseDouble(result[1]));
  }

  /** One start in a new process with this cache; its argument is {@value #ONE_PROCESS}. */
  static JavaCommand command(Path cache) {
    return JavaCommand.of(WarmStart.class.getName()).settings(CacheDirectory.PROPERTY)
        .property(CacheDirectory.PROPERTY, cache);
  }
}
