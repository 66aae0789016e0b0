package dev.temper.kernel.spec;

import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;

/** Decides which losses the kernels compute. */
public final class KernelSupport {

  private KernelSupport() {}

  /** Returns whether a device computes a call, or the first reason against it. */
  public static Support of(LossCall call, DeviceLimits limits) {
    Support support = Capabilities.all().check(call);
    if (support instanceof Support.Yes && call.teacherLists() != null && !LossSpecialisation.exists(call, limits)) {
      return Support.no("the mask of teacher lists of ", call.classes(), " classes is larger than the ",
          limits.sharedPerBlock(), " bytes of shared memory that a block has; the cpu device has no such limit");
    }
    return support;
  }
}
