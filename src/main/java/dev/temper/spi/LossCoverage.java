package dev.temper.spi;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;

/**
 * Decides which losses the engines over the shared divergence policies support. All these engines support the same
 * losses and refuse the others with the same message.
 */
public final class LossCoverage {

  private LossCoverage() {}

  /** Returns the unsupported option of a loss with its value, or an empty string if the loss is supported. */
  public static String refusal(DistillationLoss loss) {
    Divergence divergence = loss.divergence();
    if (loss.softWeight() > 0 && !(divergence instanceof Divergence.ForwardKl || divergence instanceof Divergence.JensenShannon)) {
      return "divergence " + divergence.label() + " is not there yet, forward-kl and jsd:BETA are; the reference device has all";
    }
    if (loss.hardWeight() > 0 && loss.labelSmoothing() > 0) {
      return "labelSmoothing " + loss.labelSmoothing() + " is not there yet; the reference device has it";
    }
    if (loss.softcap().isPresent()) {
      return "softcap " + loss.softcap().getAsDouble() + " is not there yet; the reference device has it";
    }
    if (loss.softWeight() > 0 && loss.teacherTemperature().isPresent()) {
      return "teacherTemperature " + loss.teacherTemperature().getAsDouble() + " is not there yet; the reference device has it";
    }
    return "";
  }
}
