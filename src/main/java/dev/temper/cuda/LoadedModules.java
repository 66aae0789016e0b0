package dev.temper.cuda;

import dev.temper.DeviceException;
import dev.temper.cuda.driver.CudaDriver;
import dev.temper.cuda.driver.Failures;
import dev.temper.cuda.driver.KernelModule;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.cuda.nvrtc.CompiledKernel;
import dev.temper.cuda.nvrtc.KernelBinaries;
import dev.temper.kernel.spec.Specialisation;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The kernels that are loaded in the context of a device. The first use of a kernel compiles and loads it. */
final class LoadedModules implements AutoCloseable {

  private final CudaDriver driver;
  private final KernelBinaries binaries;
  private final PrimaryContext context;
  private final Map<Specialisation, KernelModule> modules = new ConcurrentHashMap<>();

  LoadedModules(CudaDriver driver, KernelBinaries binaries, PrimaryContext context) {
    this.driver = driver;
    this.binaries = binaries;
    this.context = context;
  }

  KernelModule get(Specialisation kernel) {
    return modules.computeIfAbsent(kernel, this::compile);
  }

  /** Compiles and loads a kernel. Damaged code from the disk cache is compiled again. */
  private KernelModule compile(Specialisation kernel) {
    CompiledKernel compiled = binaries.compile(kernel);
    try {
      return load(kernel, compiled);
    } catch (DeviceException e) {
      if (!compiled.fromCache() || !Failures.isUnusableCode(e.code())) {
        throw e;
      }
      return load(kernel, binaries.rebuild(kernel));
    }
  }

  private KernelModule load(Specialisation kernel, CompiledKernel compiled) {
    try (var _ = context.enter()) {
      return new KernelModule(kernel, compiled.code());
    } catch (DeviceException e) {
      String remedy = !Failures.isUnusableCode(e.code()) ? e.remedy()
          : binaries.describe() + " made it for compute capability " + compiled.target().architecture()
          + ", and the driver serves CUDA " + driver.versionText()
          + "; update the driver, or use a compiler of the driver's version";
      throw e.with(e.call() + ", kernel " + kernel.label() + ",", remedy);
    }
  }

  /** Unloads all modules. The context must be current. */
  @Override
  public void close() {
    modules.values().forEach(KernelModule::close);
  }
}
