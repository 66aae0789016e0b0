package dev.temper.cuda;

import dev.temper.EngineOptions;
import dev.temper.cuda.compile.KernelCompiler;
import dev.temper.cuda.compile.NvrtcMissingException;
import dev.temper.kernel.LibraryLoadException;
import dev.temper.spi.Availability;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;
import dev.temper.spi.EngineUnavailableException;
import dev.temper.spi.Finding;
import java.util.ArrayList;
import java.util.List;

/** Says whether there is a CUDA device and what it needs. Launching on it is not part of this version, and that is said too. */
public final class CudaEngineProvider implements EngineProvider {

  private final String library;

  /** For the driver that the loader finds. */
  public CudaEngineProvider() {
    this(CudaDriver.LIBRARY);
  }

  CudaEngineProvider(String library) {
    this.library = library;
  }

  @Override
  public String device() {
    return "cuda";
  }

  @Override
  public int rank() {
    return 100;
  }

  @Override
  public Availability availability() {
    CudaDriver driver;
    try {
      driver = CudaDriver.ask(library);
    } catch (LibraryLoadException e) {
      return missing("no NVIDIA driver: " + e.getMessage());
    } catch (IllegalStateException e) {
      return missing("the NVIDIA driver does not start: " + e.getMessage());
    }
    if (driver.devices().isEmpty()) {
      return missing("the NVIDIA driver serves no device");
    }
    return driver.devices().stream().filter(CudaDevice::isSupported).findFirst()
        .map(device -> missing(device + " is here, but this version of Temper cannot launch its kernels on a device yet"))
        .orElseGet(() -> missing(driver.devices().getFirst() + " is too old, expected compute capability " + CudaDevice.OLDEST
            + " or later"));
  }

  @Override
  public List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    try {
      CudaDriver driver = CudaDriver.ask(library);
      findings.add(new Finding("CUDA driver", "serves up to CUDA " + driver.versionText()));
      driver.devices().forEach(device -> findings.add(new Finding("cuda:" + device.index(), device.toString())));
    } catch (LibraryLoadException | IllegalStateException e) {
      findings.add(new Finding("CUDA driver", "none: " + e.getMessage()));
    }
    KernelCompiler compiler = KernelCompiler.ofMachine();
    findings.add(new Finding("NVRTC", nvrtc(compiler)));
    findings.add(new Finding("kernel cache", compiler.describeCache()));
    return findings;
  }

  @Override
  public EngineBackend open(int index, EngineOptions options) {
    throw new EngineUnavailableException(availability().description());
  }

  private static String nvrtc(KernelCompiler compiler) {
    try {
      return compiler.nvrtc().describe();
    } catch (NvrtcMissingException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static Availability missing(String reason) {
    return Availability.missing("no CUDA: " + reason);
  }
}
