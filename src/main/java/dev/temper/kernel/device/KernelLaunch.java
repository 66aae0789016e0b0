package dev.temper.kernel.device;

/** A prepared launch: kernel, grid and parameters. A run allocates nothing in Java. */
public interface KernelLaunch extends AutoCloseable {

  /** Submits the launch without waiting for it. */
  void run();

  /** Frees what the preparation allocated; the kernel stays loaded. */
  @Override
  default void close() {}
}
