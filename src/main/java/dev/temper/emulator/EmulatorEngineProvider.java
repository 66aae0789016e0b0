package dev.temper.emulator;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.Finding;
import dev.temper.kernel.run.KernelEngine;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;
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
      requireLinux();
      HostCompiler.find(System.getenv());
      return Availability.usable(EmulatedDevice.describe(settings()));
    } catch (EngineUnavailableException | IllegalArgumentException e) {
      return Availability.missing(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public EngineBackend open(int index, EngineOptions options) {
    if (index != 0) {
      throw new IllegalArgumentException("device emulator:" + index + " does not exist, expected emulator");
    }
    requireLinux();
    EmulatorSettings settings = settings();
    return new KernelEngine(new EmulatedDevice(HostKernels.of(HostCompiler.find(System.getenv()), settings.build()), settings));
  }

  @Override
  public List<Finding> findings() {
    try {
      HostCompiler compiler = HostCompiler.find(System.getenv());
      return List.of(new Finding("C++ compiler", compiler.file() + " (" + compiler.version() + ")"));
    } catch (EngineUnavailableException e) {
      return List.of(new Finding("C++ compiler", String.valueOf(e.getMessage())));
    }
  }

  private static EmulatorSettings settings() {
    return EmulatorSettings.of(System.getProperties());
  }

  /** The runtime switches between the threads of a block in assembly, which is written for Linux's calling convention. */
  private static void requireLinux() {
    String system = System.getProperty("os.name", "");
    if (!system.equals("Linux")) {
      throw new EngineUnavailableException("no emulator: it runs on Linux only, this is " + system);
    }
  }
}
