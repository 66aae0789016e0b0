package dev.temper.kernel.spec;

import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;

/** Which losses the kernels compute. */
public final class KernelSupport {

  /** The masks of lists of more classes do not fit into the shared memory of every device. */
  private static final int MOST_LISTED_CLASSES = 1 << 18;

  private KernelSupport() {}

  /** Whether a call is computed, or the first option that is not there yet. */
  public static Support of(LossCall call) {
    if (call.teacherLists() != null && call.classes() > MOST_LISTED_CLASSES) {
      return Support.no("teacher lists of ", call.classes(), " classes are more than ", MOST_LISTED_CLASSES,
          "; the cpu device has them");
    }
    return Capabilities.all().check(call);
  }
}
