package dev.temper.cpu;

import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;

/** Decides which losses the CPU engine supports. */
final class CpuSupport {

  private static final Capabilities CAPABILITIES = Capabilities.all();

  private CpuSupport() {}

  /** Returns whether the engine supports a call, with the first unsupported option. */
  static Support of(LossCall call) {
    return CAPABILITIES.check(call);
  }
}
