package dev.temper.kernel.spec;

import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;

/** Which losses the kernels compute. */
public final class KernelSupport {

  private static final Capabilities CAPABILITIES = Capabilities.all();

  private KernelSupport() {}

  /** Whether a call is computed, or the first option that is not there yet. */
  public static Support of(LossCall call) {
    return CAPABILITIES.check(call);
  }
}
