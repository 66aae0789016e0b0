package dev.temper.cpu;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossOption;
import dev.temper.spi.Support;

/** Decides which losses the CPU engine supports. */
final class CpuSupport {

  private static final String ELSEWHERE = " is not there yet; the reference device has it";

  private CpuSupport() {}

  /** Returns whether the engine supports a loss, with the first unsupported option. */
  static Support of(DistillationLoss loss) {
    if (loss.softWeight() > 0 && !hasDivergence(loss.divergence())) {
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

  private static boolean hasDivergence(Divergence divergence) {
    return switch (divergence) {
      case Divergence.ForwardKl _, Divergence.JensenShannon _ -> true;
      case Divergence.ReverseKl _, Divergence.Mixed _, Divergence.SkewForwardKl _, Divergence.SkewReverseKl _,
          Divergence.TotalVariation _, Divergence.LogitMse _ -> false;
    };
  }
}
