package dev.temper.emulator;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.SoftValue;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.function.UnaryOperator;

/** Combinations of a divergence and the options that a specialisation of the loss kernel has code for. */
enum FamilyOptions {
  OWN_TEMPERATURES("forward-kl", loss -> loss.temperature(2).teacherTemperature(3)),
  OWN_TEMPERATURES_OF_A_MIXTURE("jsd:0.3", loss -> loss.temperature(2).teacherTemperature(0.5)),
  SMOOTHED_WITH_Z_LOSS("forward-kl", loss -> loss.labelSmoothing(0.1).zLoss(0.01)),
  SMOOTHED_CAPPED("mixed:0.4", loss -> loss.labelSmoothing(0.2).softcap(4).temperature(4)),
  CAPPED("reverse-kl", loss -> loss.softcap(3).teacherSoftcap(4)),
  SOFT_CROSS_ENTROPY("forward-kl", loss -> loss.softValue(SoftValue.CROSS_ENTROPY).temperature(2)),
  WITHOUT_HARD_PART("mixed:0.4", loss -> loss.hardWeight(0).temperature(1.5)),
  HARD_SCOPE("tvd", loss -> loss.ignoreScope(IgnoreScope.HARD)),
  HARD_SCOPE_CAPPED("nla", loss -> loss.ignoreScope(IgnoreScope.HARD).softcap(9).zLoss(0.1)),
  STANDARDISED("forward-kl", loss -> loss.standardise(true).temperature(2)),
  STANDARDISED_WITH_OWN_TEMPERATURES("reverse-kl", loss -> loss.standardise(true).teacherTemperature(2)),
  STANDARDISED_WITH_ALL("jsd:0.5", loss -> loss.standardise(true).softcap(5).teacherSoftcap(6).labelSmoothing(0.1)
      .teacherTemperature(0.5).zLoss(0.01)),
  LOGITS("logit-mse", loss -> loss.softcap(7).labelSmoothing(0.1)),
  WITHOUT_SOFT_PART("forward-kl", loss -> loss.softWeight(0).labelSmoothing(0.1).zLoss(0.1)),
  SKEWED("skew-reverse-kl:0.2", loss -> loss.temperature(3).temperatureScaling(false)),
  SKEWED_STANDARDISED("skew-forward-kl:0.2", loss -> loss.standardise(true).ignoreScope(IgnoreScope.HARD)),
  DECOUPLED("dkd:1,8", loss -> loss.temperature(2)),
  DECOUPLED_STANDARDISED("dkd:0.5,2", loss -> loss.standardise(true).softcap(5).teacherSoftcap(6).labelSmoothing(0.1)
      .teacherTemperature(0.5).zLoss(0.01));

  private static final Denominator IN_MEMORY = inMemory(11);

  private final String divergence;
  @SuppressWarnings("ImmutableEnumChecker") // a lambda without state
  private final UnaryOperator<DistillationLoss.Builder> options;

  FamilyOptions(String divergence, UnaryOperator<DistillationLoss.Builder> options) {
    this.divergence = divergence;
    this.options = options;
  }

  /** Returns the loss. */
  DistillationLoss loss() {
    return options.apply(DistillationLoss.builder().divergence(Divergence.parse(divergence)).softWeight(0.7)
        .hardWeight(0.3)).build();
  }

  /** Whether the gradient is added to existing values, which is so for names of even length. */
  boolean addsToGradient() {
    return name().length() % 2 == 0;
  }

  /**
   * Returns inputs with a divisor for each part for some combinations, and with a divisor in memory for others. The
   * length of the name decides.
   */
  LossInputs withDenominators(LossInputs inputs) {
    return switch (name().length() % 3) {
      case 0 -> inputs;
      case 1 -> inputs.withSoftDenominator(Denominator.of(7)).withHardDenominator(Denominator.of(3));
      default -> inputs.withSoftDenominator(IN_MEMORY);
    };
  }

  private static Denominator inMemory(float value) {
    return Denominator.in(Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, value));
  }
}
