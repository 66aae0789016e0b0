package dev.temper.emulator;

import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;

/** Receives the calls of a device. */
interface Watcher {

  /** Device memory or a result slot was allocated. */
  default void allocated(long address, long bytes) {}

  /** Device memory or a result slot was freed. */
  default void freed(long address) {}

  /** Kernels will access host memory in place. */
  default void placed(MemorySegment host) {}

  /** A launch was prepared; the result replaces it. */
  default KernelLaunch prepared(Specialisation kernel, KernelLaunch launch) {
    return launch;
  }
}
