package dev.temper.cuda;

import dev.temper.Availability;
import dev.temper.DeviceException;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.cuda.driver.CudaDevice;
import dev.temper.cuda.driver.CudaDriver;
import dev.temper.cuda.driver.JCudaLibrary;
import dev.temper.cuda.nvrtc.KernelBinaries;
import dev.temper.cuda.nvrtc.KernelCompiler;
import dev.temper.cuda.nvrtc.NvrtcFailedException;
import dev.temper.cuda.nvrtc.NvrtcMissingException;
import dev.temper.cuda.nvrtc.Target;
import dev.temper.diagnostics.Finding;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.NativeAccess;
import dev.temper.kernel.run.KernelEngine;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.spi.EngineProvider;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Opens the CUDA engine. It needs a driver, a device of compute capability 7.5 or later, and NVRTC. The system property
 * {@value CudaDriver#LIBRARY_PROPERTY} names a driver library other than the one that the loader finds.
 */
public final class CudaEngineProvider implements EngineProvider {

  private final String library;
  private final Compilers compilers;

  /** The provider for {@link java.util.ServiceLoader}. */
  public CudaEngineProvider() {
    this(CudaDriver.nameOfLibrary(), CudaEngineProvider::nvrtc);
  }

  CudaEngineProvider(String library, Compilers compilers) {
    this.library = library;
    this.compilers = compilers;
  }

  /** Makes the compiler of a device's kernels. */
  interface Compilers {
    KernelBinaries of(CudaDevice device, CudaDriver driver);
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
    try {
      CudaDriver driver = driver();
      CudaDevice device = supported(driver, 0);
      JCudaLibrary.load();
      compilers.of(device, driver);
      return Availability.usable("cuda:0 (" + device + ")");
    } catch (EngineUnavailableException e) {
      return Availability.missing(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public KernelEngine open(int index, EngineOptions options) {
    CudaDriver driver = driver();
    CudaDevice device = supported(driver, index);
    JCudaLibrary.load();
    KernelBinaries binaries = compilers.of(device, driver);
    try {
      CudaKernelDevice opened = new CudaKernelDevice(device, driver, options.stream(), binaries,
          CublasSearch.ofMachine(), options.tf32());
      try {
        // The driver may reject the code of this compiler. Only loading a kernel shows it.
        opened.load(BatchKernel.CHECK);
        return new KernelEngine(opened, options);
      } catch (RuntimeException e) {
        opened.close();
        throw e;
      }
    } catch (DeviceException | NvrtcFailedException e) {
      throw missing(device + " cannot be used: " + e.getMessage());
    }
  }

  /**
   * Returns the driver, which is loaded before JCuda. If JCuda is used without a driver, it cannot be used in the
   * process any more.
   */
  private CudaDriver driver() {
    try {
      NativeAccess.require();
    } catch (LibraryLoadException e) {
      throw missing(String.valueOf(e.getMessage()));
    }
    try {
      CudaDriver driver = CudaDriver.load(library);
      if (driver.devices().isEmpty()) {
        throw missing("the NVIDIA driver serves no device");
      }
      return driver;
    } catch (LibraryLoadException e) {
      throw missing("no NVIDIA driver: " + e.getMessage());
    } catch (DeviceException e) {
      throw missing("the NVIDIA driver does not start: " + e.getMessage());
    }
  }

  private static CudaDevice supported(CudaDriver driver, int index) {
    int count = driver.devices().size();
    if (index >= count) {
      throw new IllegalArgumentException("device cuda:" + index + " does not exist, expected "
          + (count == 1 ? "cuda:0, the only one" : "cuda:0 to cuda:" + (count - 1)));
    }
    CudaDevice device = driver.devices().get(index);
    if (!device.isSupported()) {
      throw missing(device + " is too old, expected compute capability " + CudaDevice.OLDEST + " or later");
    }
    return device;
  }

  private static KernelBinaries nvrtc(CudaDevice device, CudaDriver driver) {
    KernelCompiler compiler = KernelCompiler.forDriver(driver.version());
    try {
      return compiler.binaries(Target.choose(device.architecture(), compiler.nvrtc(), driver.version()));
    } catch (NvrtcMissingException e) {
      throw missing(device + " is here, but " + e.reason() + "; temper doctor lists every place tried");
    } catch (IllegalStateException e) {
      throw missing(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    KernelCompiler compiler = KernelCompiler.ofMachine();
    try {
      CudaDriver driver = CudaDriver.load(library);
      compiler = KernelCompiler.forDriver(driver.version());
      findings.add(new Finding("CUDA driver", driver.file() + ", serves up to CUDA " + driver.versionText()));
      driver.devices().forEach(device -> findings.add(new Finding("cuda:" + device.index(), device.toString())));
      findings.addAll(tunedPlans(driver));
      findings.add(new Finding("JCuda", describeJcuda()));
    } catch (LibraryLoadException | DeviceException e) {
      findings.add(new Finding("CUDA driver", "none: " + e.getMessage()));
    }
    findings.add(new Finding("NVRTC", describeNvrtc(compiler)));
    findings.add(CublasSearch.ofMachine().finding());
    findings.add(new Finding("kernel cache", compiler.describeCache()));
    return findings;
  }

  /** Returns the tuned plans of each kind of device, without devices that cannot be used. */
  private List<Finding> tunedPlans(CudaDriver driver) {
    List<Finding> findings = new ArrayList<>();
    Set<String> kinds = new HashSet<>();
    for (CudaDevice device : driver.devices()) {
      if (kinds.add(device.toString())) {
        findings.addAll(tunedPlans(device.index()));
      }
    }
    return findings;
  }

  private List<Finding> tunedPlans(int index) {
    try (KernelEngine engine = open(index, EngineOptions.defaults())) {
      return engine.findings();
    } catch (EngineUnavailableException e) {
      return List.of();
    }
  }

  private static String describeJcuda() {
    try {
      JCudaLibrary.load();
      return "its library is loaded";
    } catch (EngineUnavailableException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static String describeNvrtc(KernelCompiler compiler) {
    try {
      return compiler.describeNvrtc();
    } catch (NvrtcMissingException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static EngineUnavailableException missing(String reason) {
    return new EngineUnavailableException("no CUDA: " + reason);
  }
}
