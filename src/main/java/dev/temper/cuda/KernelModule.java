package dev.temper.cuda;

import dev.temper.kernel.Specialisation;

/** A kernel's code on a device. */
final class KernelModule implements AutoCloseable {

  /** Dynamic shared memory that needs no leave. */
  private static final int ALWAYS_ALLOWED = 48 << 10;

  /** The largest cluster that every device with clusters can run. */
  private static final int PORTABLE_CLUSTER = 8;

  private final long module;
  private final long function;
  private int allowed = ALWAYS_ALLOWED;

  /** Loads it in the current context. */
  KernelModule(Specialisation kernel, byte[] code) {
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

  /** The function, with leave to use so much dynamic shared memory. */
  synchronized long function(int sharedBytes) {
    if (sharedBytes > allowed) {
      Driver.allowSharedMemory(function, sharedBytes);
      allowed = sharedBytes;
    }
    return function;
  }

  @Override
  public void close() {
    Driver.unloadModule(module);
  }
}
