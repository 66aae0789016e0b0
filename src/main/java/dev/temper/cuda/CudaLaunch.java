package dev.temper.cuda;

import dev.temper.DeviceException;
import dev.temper.cuda.driver.CudaStream;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;

/** A launch of a loaded kernel in the stream of its device. A run allocates nothing in Java. */
record CudaLaunch(Specialisation kernel, PrimaryContext context, CudaStream stream, long function, int blocks,
    int sharedBytes, MemorySegment parameters) implements KernelLaunch {

  @Override
  public void run() {
    try (var _ = context.enter()) {
      Driver.launch(function, blocks, kernel.threads(), sharedBytes, stream.handle(), parameters.address());
    } catch (DeviceException e) {
      throw e.with(e.call() + " of kernel " + kernel.label(), e.remedy());
    }
  }
}
