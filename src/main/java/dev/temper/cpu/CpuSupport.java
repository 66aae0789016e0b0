package dev.temper.cpu;

import dev.temper.LossOption;
import dev.temper.Teacher;
import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import dev.temper.spi.TeacherLists;
import java.util.EnumSet;

/** Decides which losses the CPU engine supports. */
final class CpuSupport {

  private static final Capabilities CAPABILITIES = new Capabilities(_ -> true,
      teacher -> teacher instanceof Teacher.Logits || TeacherLists.of(teacher) != null,
      EnumSet.complementOf(EnumSet.of(LossOption.ROW_UNMAPPED_MASS)));

  private CpuSupport() {}

  /** Returns whether the engine supports a call, with the first unsupported option. */
  static Support of(LossCall call) {
    return CAPABILITIES.check(call);
  }
}
