package dev.temper.emulator;

import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;

/** Told what an engine asks of its device. */
interface Watcher {

  /** Memory of the device, or of the host's that kernels write for it, is new. */
  default void allocated(long address, long bytes) {}

  /** Such memory is gone. */
  default void freed(long address) {}

  /** Kernels are about to use host memory where it is. */
  default void placed(MemorySegment host) {}

  /** A launch was made ready; the result takes its place. */
  default KernelLaunch prepared(Specialisation kernel, KernelLaunch launch) {
    return launch;
  }
}
