package dev.temper.emulator;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.Finding;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.NativeAccess;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.run.KernelEngine;
import dev.temper.spi.EngineProvider;
import java.util.ArrayList;
import java.util.List;

/** Opens the emulator, which needs a C++ compiler. {@code auto} never chooses it. */
public final class EmulatorEngineProvider implements EngineProvider {

  /** The provider for {@link java.util.ServiceLoader}. */
  public EmulatorEngineProvider() {}

  @Override
  public String device() {
    return "emulator";
  }

  @Override
  public int rank() {
    return -10;
  }

  @Override
  public Availability availability() {
    try {
      requirePlatform();
      HostCompiler.find(System.getenv());
      return Availability.usable(EmulatedDevice.describe(settings()));
    } catch (EngineUnavailableException | IllegalArgumentException e) {
      return Availability.missing(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public KernelEngine open(int index, EngineOptions options) {
    if (index != 0) {
      throw new IllegalArgumentException("device emulator:" + index + " does not exist, expected emulator");
    }
    requirePlatform();
    EmulatorSettings settings = settings();
    return new KernelEngine(new EmulatedDevice(HostKernels.of(HostCompiler.find(System.getenv()), settings.build()),
        settings), options);
  }

  @Override
  public List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    try {
      HostCompiler compiler = HostCompiler.find(System.getenv());
      findings.add(new Finding("C++ compiler", compiler.file() + " (" + compiler.version() + ")"));
    } catch (EngineUnavailableException e) {
      findings.add(new Finding("C++ compiler", String.valueOf(e.getMessage())));
    }
    DiskCache cache = DiskCache.open(CacheDirectory.ofUser(), DiskCache.DEFAULT_LIMIT);
    if (!cache.isOn()) {
      findings.add(new Finding("emulator cache", cache.describe()));
    }
    findings.addAll(tunedPlans());
    return findings;
  }

  /** Returns the tuned plans of the emulator, or none if the emulator cannot be used. */
  private List<Finding> tunedPlans() {
    try (KernelEngine engine = open(0, EngineOptions.defaults())) {
      return engine.findings();
    } catch (EngineUnavailableException | IllegalArgumentException e) {
      return List.of();
    }
  }

  private static EmulatorSettings settings() {
    return EmulatorSettings.of(System.getProperties());
  }

  /**
   * The runtime switches between the threads of a block in assembly, which is written for Linux's calling convention.
   */
  private static void requirePlatform() {
    String system = System.getProperty("os.name", "");
    if (!system.equals("Linux")) {
      throw new EngineUnavailableException("no emulator: it runs on Linux only, this is " + system);
    }
    try {
      NativeAccess.require();
    } catch (LibraryLoadException e) {
      throw new EngineUnavailableException("no emulator: " + e.getMessage());
    }
  }
}
