package dev.temper.cuda.driver;

import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.spec.Specialisation;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;

/** A compiled kernel that is loaded on a device. */
public final class KernelModule implements AutoCloseable {

  /** Bytes of dynamic shared memory that every kernel may use. */
  private static final int ALWAYS_ALLOWED = 48 << 10;

  /** Blocks of the largest cluster that every device with clusters can run. */
  private static final int PORTABLE_CLUSTER = 8;

  private final long module;
  private final long function;
  private final Specialisation kernel;
  private int allowed = ALWAYS_ALLOWED;
  /** Occupancies by bytes of dynamic shared memory. */
  private final Map<Integer, Occupancy> occupancies = new HashMap<>();

  /** Loads a module in the current context. */
  public KernelModule(Specialisation kernel, byte[] code) {
    this.kernel = kernel;
    module = Driver.loadModule(code);
    try {
      function = Driver.function(module, kernel.entry());
      if (kernel.cluster() > PORTABLE_CLUSTER) {
        Driver.allowLargeClusters(function);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The function, after raising its limit of dynamic shared memory where necessary. */
  public synchronized long function(int sharedBytes) {
    if (sharedBytes > allowed) {
      Driver.allowSharedMemory(function, sharedBytes);
      allowed = sharedBytes;
    }
    return function;
  }

  /** The occupancy with that much dynamic shared memory; queries the driver once for each size. */
  public synchronized Occupancy occupancy(int sharedBytes, CudaDriver driver, IntSupplier multiprocessors) {
    Occupancy known = occupancies.get(sharedBytes);
    if (known != null) {
      return known;
    }
    function(sharedBytes);
    int blocks = Driver.residentBlocks(function, kernel.threads(), sharedBytes);
    long everywhere = kernel.cluster() == 1 ? (long) blocks * multiprocessors.getAsInt()
        : (long) kernel.cluster() * ClusterSizes.active(driver.library(), function, kernel.cluster(), kernel.threads(),
        sharedBytes);
    Occupancy occupancy = new Occupancy(Driver.registers(function), Driver.localBytes(function), blocks, everywhere);
    occupancies.put(sharedBytes, occupancy);
    return occupancy;
  }

  @Override
  public void close() {
    Driver.unloadModule(module);
  }
}
