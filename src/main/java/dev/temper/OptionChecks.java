package dev.temper;

import static dev.temper.DistillationLoss.MAX_TEMPERATURE;
import static dev.temper.DistillationLoss.MIN_TEMPERATURE;

import java.util.OptionalDouble;

/** Checks the options of a loss: each by itself, and those that exclude each other. */
final class OptionChecks {

  private OptionChecks() {}

  /**
   * Checks every option.
   *
   * @throws LossArgumentException if an option is invalid; the message names the option, its value and what was
   *     expected
   */
  static void check(DistillationLoss loss) {
    requireTemperature(LossOption.TEMPERATURE, loss.temperature(), "1 is the plain softmax, 2 to 10 are usual");
    loss.teacherTemperature().ifPresent(
        t -> requireTemperature(LossOption.TEACHER_TEMPERATURE, t, "leave it out to use the student's"));
    requireFromZero(LossOption.SOFT_WEIGHT, loss.softWeight());
    requireFromZero(LossOption.HARD_WEIGHT, loss.hardWeight());
    if (loss.softWeight() == 0 && loss.hardWeight() == 0) {
      throw new LossArgumentException(LossOption.SOFT_WEIGHT, " and ", LossOption.HARD_WEIGHT,
          " are both 0, expected at least one above 0; the loss would be 0 whatever the student does");
    }
    if (!(loss.labelSmoothing() >= 0 && loss.labelSmoothing() < 1)) {
      throw new LossArgumentException(LossOption.LABEL_SMOOTHING, " is ", loss.labelSmoothing(),
          ", expected a number from 0 up to, not including, 1");
    }
    requireSoftcap(LossOption.SOFTCAP, loss.softcap());
    requireSoftcap(LossOption.TEACHER_SOFTCAP, loss.teacherSoftcap());
    requireFromZero(LossOption.Z_LOSS, loss.zLoss());
    if (loss.numClasses().isPresent() && loss.numClasses().getAsInt() < 1) {
      throw new LossArgumentException(LossOption.NUM_CLASSES, " is ", loss.numClasses().getAsInt(),
          ", expected 1 or more");
    }
    requireCompatible(loss);
  }

  /**
   * Checks the arguments of {@link DistillationLoss#hinton}, whose share of the teacher has an upper limit.
   *
   * @throws LossArgumentException if the share is not from 0 to 1, or if the arguments look swapped
   */
  static void checkHinton(double temperature, double softWeight) {
    if (softWeight >= 0 && softWeight <= 1) {
      return;
    }
    if (softWeight > 1 && temperature >= 0 && temperature <= 1) {
      throw new LossArgumentException("hinton was called with ", LossOption.TEMPERATURE, " ", temperature, " and ",
          LossOption.SOFT_WEIGHT, " ", softWeight, ", which look swapped: the temperature is the first argument, and "
          + "the share of the teacher, from 0 to 1, the second");
    }
    throw new LossArgumentException(LossOption.SOFT_WEIGHT, " is ", softWeight, ", expected 0 to 1, because hinton "
        + "gives the rest to the labels; use builder() for weights that need not sum to 1");
  }

  private static void requireCompatible(DistillationLoss loss) {
    String divergence = loss.divergence().label();
    if (loss.divergence() instanceof Divergence.Dkd && loss.ignoreScope() == IgnoreScope.HARD) {
      throw new LossArgumentException(LossOption.DIVERGENCE, " ", divergence, " and ", LossOption.IGNORE_SCOPE,
          " hard exclude each other, because dkd needs the label of every row that has a soft part; use ",
          LossOption.IGNORE_SCOPE, " both or another divergence");
    }
    if (loss.divergence() instanceof Divergence.LogitMse && loss.standardise()) {
      throw new LossArgumentException(LossOption.DIVERGENCE, " ", divergence, " and ", LossOption.STANDARDISE,
          " exclude each other, because logit-mse compares the logits themselves; leave one of them out");
    }
    if (loss.softValue() == SoftValue.CROSS_ENTROPY && !(loss.divergence() instanceof Divergence.ForwardKl)) {
      throw new LossArgumentException(LossOption.DIVERGENCE, " ", divergence, " and ", LossOption.SOFT_VALUE,
          " cross-entropy exclude each other, because only the forward KL differs from a cross-entropy by the"
          + " teacher's entropy alone; use ", LossOption.SOFT_VALUE, " kl or ", LossOption.DIVERGENCE, " forward-kl");
    }
  }

  private static void requireTemperature(LossOption option, double value, String hint) {
    if (!(value >= MIN_TEMPERATURE && value <= MAX_TEMPERATURE)) {
      throw new LossArgumentException(option, " is ", value, ", expected a number from 1e-6 to 1e6; " + hint);
    }
  }

  private static void requireFromZero(LossOption option, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException(option, " is ", value, ", expected a finite number of 0 or more");
    }
  }

  private static void requireSoftcap(LossOption option, OptionalDouble value) {
    if (value.isPresent() && !(value.getAsDouble() > 0 && value.getAsDouble() < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException(option, " is ", value.getAsDouble(),
          ", expected a finite number above 0; leave it out for none");
    }
  }
}
