package dev.temper.kernel.device;

/** A launch made ready: kernel, grid and parameters. Running it again allocates nothing on the Java side. */
public interface KernelLaunch extends AutoCloseable {

  /** Launches, behind what was launched before; returns without waiting. */
  void run();

  /** Frees what was made ready; the kernel stays loaded. */
  @Override
  default void close() {}
}
