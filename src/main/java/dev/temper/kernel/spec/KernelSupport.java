package dev.temper.kernel.spec;

import dev.temper.DistillationLoss;
import dev.temper.LossOption;
import dev.temper.spi.Support;
import dev.temper.spi.layout.DivergencePolicy;
import java.util.Set;

/** Which losses the kernels compute. */
public final class KernelSupport {

  private static final Set<String> HAS = Set.of("ForwardKl", "JensenShannon");
  private static final String ELSEWHERE = " is not there yet; the reference device has it";

  private KernelSupport() {}

  /** Whether a loss is computed, or the first option that is not there yet. */
  public static Support of(DistillationLoss loss) {
    if (loss.softWeight() > 0 && !HAS.contains(DivergencePolicy.of(loss.divergence()).name())) {
      return Support.no(LossOption.DIVERGENCE, " ", loss.divergence().label(),
          " is not there yet, forward-kl and jsd:BETA are; the reference device has all");
    }
    if (loss.hardWeight() > 0 && loss.labelSmoothing() > 0) {
      return Support.no(LossOption.LABEL_SMOOTHING, " ", loss.labelSmoothing(), ELSEWHERE);
    }
    if (loss.softcap().isPresent()) {
      return Support.no(LossOption.SOFTCAP, " ", loss.softcap().getAsDouble(), ELSEWHERE);
    }
    if (loss.softWeight() > 0 && loss.teacherTemperature().isPresent()) {
      return Support.no(LossOption.TEACHER_TEMPERATURE, " ", loss.teacherTemperature().getAsDouble(), ELSEWHERE);
    }
    return Support.yes();
  }
}
