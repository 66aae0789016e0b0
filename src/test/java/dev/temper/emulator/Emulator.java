package dev.temper.emulator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.OpenedEngine;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.run.KernelEngine;
import dev.temper.kernel.spec.Specialisation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** An engine over an emulator that records the launched kernels. Several may be open in one process. */
public final class Emulator implements AutoCloseable {

  /** Every order of threads. */
  public static final List<String> ORDERS = EmulatorSettings.ORDERS;

  private final LossEngine engine;
  private final Set<Specialisation> launched = ConcurrentHashMap.newKeySet();

  private Emulator(EmulatorSettings settings, HostKernels kernels, long mostGroups, List<Watcher> watchers) {
    List<Watcher> all = new ArrayList<>(watchers);
    all.add(new Watcher() {
      @Override
      public KernelLaunch prepared(Specialisation kernel, KernelLaunch launch) {
        launched.add(kernel);
        return launch;
      }
    });
    engine = OpenedEngine.over(
        "emulator", new KernelEngine(WatchedDevice.of(new EmulatedDevice(kernels, settings), mostGroups, all),
            EngineOptions.defaults()));
  }

  /** Ends a test as not run where no compiler can build the CUDA sources. */
  public static void assumeUsable() {
    Availability found = LossEngine.devices().getOrDefault("emulator", Availability.missing("no emulator"));
    assumeTrue(found.usable(), "DID NOT RUN: " + found.description());
  }

  /** An emulator with the limits of a compute capability. */
  public static Emulator of(String capability) {
    return of(capability, "run-ahead", Long.MAX_VALUE);
  }

  /** An emulator with an order of threads and a limit on the clusters of a grid. */
  public static Emulator of(String capability, String order, long mostGroups) {
    HostKernels kernels = HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN);
    return new Emulator(new EmulatorSettings(capability, order, 7, HostBuild.PLAIN), kernels, mostGroups, List.of());
  }

  /** An emulator that compiles the given sources. */
  public static Emulator over(Function<String, KernelSource> sources, String order) {
    return over(sources, "9.0", order);
  }

  /** An emulator with the limits of a compute capability, which compiles the given sources. */
  static Emulator over(Function<String, KernelSource> sources, String capability, String order) {
    HostKernels kernels = kernels(HostBuild.PLAIN, sources);
    return new Emulator(new EmulatorSettings(capability, order, 7, HostBuild.PLAIN), kernels, Long.MAX_VALUE,
        List.of());
  }

  /**
   * An emulator with the settings of the system properties, which compiles the given sources. Grids are small, so that
   * a thread group processes several rows and reuses its shared memory.
   */
  public static Emulator checked(Function<String, KernelSource> sources) {
    EmulatorSettings settings = EmulatorSettings.of(System.getProperties());
    HostKernels kernels = kernels(settings.build(), sources);
    return new Emulator(settings, kernels, 2, settings.build() == HostBuild.TRACED ? List.of(new Tracer(kernels))
        : List.of());
  }

  /** A traced emulator with the limits of a compute capability. */
  static Emulator traced(String capability, HostKernels kernels, Tracer tracer) {
    return new Emulator(new EmulatorSettings(capability, "run-ahead", 7, HostBuild.TRACED), kernels, Long.MAX_VALUE,
        List.of(tracer));
  }

  static HostKernels kernels(HostBuild build, Function<String, KernelSource> sources) {
    return new HostKernels(HostCompiler.find(System.getenv()), build, HostRuntime.load(), sources,
        DiskCache.open(CacheDirectory.ofUser(), DiskCache.DEFAULT_LIMIT));
  }

  /** The engine of the API. */
  public LossEngine engine() {
    return engine;
  }

  /** Every kernel of which a launch was prepared. */
  public Set<Specialisation> launched() {
    return Set.copyOf(launched);
  }

  @Override
  public void close() {
    engine.close();
  }
}
