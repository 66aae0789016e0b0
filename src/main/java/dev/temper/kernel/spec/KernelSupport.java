package dev.temper.kernel.spec;

import dev.temper.LossOption;
import dev.temper.RowOutput;
import dev.temper.Teacher;
import dev.temper.spi.Capabilities;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.layout.DivergencePolicy;
import java.util.EnumSet;
import java.util.List;

/** Which losses the kernels compute. */
public final class KernelSupport {

  private static final Capabilities CAPABILITIES = new Capabilities(
      divergence -> !DivergencePolicy.of(divergence).name().isEmpty(), teacher -> teacher instanceof Teacher.Logits
      || TeacherLists.of(teacher) != null,
      EnumSet.complementOf(EnumSet.of(LossOption.TEMPERATURE_GRADIENT, LossOption.ROW_UNMAPPED_MASS)));

  /** The masks of lists of more classes do not fit into the shared memory of every device. */
  private static final int MOST_LISTED_CLASSES = 1 << 18;

  private KernelSupport() {}

  /** Whether a call is computed, or the first option that is not there yet. */
  public static Support of(LossCall call) {
    Support support = CAPABILITIES.check(call);
    if (call.teacherLists() != null && call.classes() > MOST_LISTED_CLASSES) {
      return Support.no("teacher lists of ", call.classes(), " classes are more than ", MOST_LISTED_CLASSES,
          "; the cpu device has them");
    }
    boolean hasSoftmax = call.usesTeacher() && DivergencePolicy.of(call.loss().divergence()).tempered();
    return support instanceof Support.No || hasSoftmax ? support : withoutSoftmax(call);
  }

  /** Entropies are sums over the exponentials of a divergence. */
  private static Support withoutSoftmax(LossCall call) {
    for (RowOutput output : List.of(RowOutput.STUDENT_ENTROPY, RowOutput.TEACHER_ENTROPY)) {
      if (call.outputs().row(output) != null) {
        LossOption option = output == RowOutput.STUDENT_ENTROPY ? LossOption.ROW_STUDENT_ENTROPY
            : LossOption.ROW_TEACHER_ENTROPY;
        return Support.no(option, " without a divergence between distributions is not there yet; the reference device"
            + " has it");
      }
    }
    return Support.yes();
  }
}
