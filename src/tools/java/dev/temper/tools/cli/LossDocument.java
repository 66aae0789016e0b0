package dev.temper.tools.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.HeadWorkspace;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of {@code temper loss}.
 *
 * @param total the reduced loss, {@code soft + hard}; null for reduction none, like the two parts
 * @param soft the weighted and reduced soft part
 * @param hard the weighted and reduced hard part
 * @param rows number of rows
 * @param countedRows rows that are not ignored
 * @param hardCountedRows rows that count in the hard part; under {@code --ignore-scope hard} only
 * @param nonFiniteRows counted rows whose loss is not finite
 * @param temperatureGradient derivative of the total with respect to the temperature; under
 *     {@code --temperature-gradient} only
 * @param device kind of device
 * @param workspace memory of a head; for a student given by hidden states only
 * @param milliseconds time of the call, which is the first of its process
 * @param loss the loss that was computed
 */
record LossDocument(
    @Nullable Double total,
    @Nullable Double soft,
    @Nullable Double hard,
    long rows,
    long countedRows,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Long hardCountedRows,
    long nonFiniteRows,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Double temperatureGradient,
    String device,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable HeadWorkspace workspace,
    double milliseconds,
    Loss loss) {

  /** Every option of the loss and of the call; null if one is not set. */
  record Loss(
      String divergence,
      double temperature,
      @Nullable Double teacherTemperature,
      boolean temperatureScaling,
      double softWeight,
      String softValue,
      boolean standardise,
      double hardWeight,
      double labelSmoothing,
      double zLoss,
      @Nullable Double softcap,
      @Nullable Double teacherSoftcap,
      long ignoreIndex,
      String ignoreScope,
      @Nullable Integer numClasses,
      String reduction,
      @Nullable Double denominator,
      @Nullable Double softDenominator,
      @Nullable Double hardDenominator,
      double gradientScale) {

    static Loss of(DistillationLoss loss, LossInputs inputs) {
      boolean apart = inputs.denominator().isEmpty();
      return new Loss(loss.divergence().label(), loss.temperature(), orNull(loss.teacherTemperature()),
          loss.temperatureScaling(), loss.softWeight(), loss.softValue().label(), loss.standardise(),
          loss.hardWeight(), loss.labelSmoothing(), loss.zLoss(), orNull(loss.softcap()),
          orNull(loss.teacherSoftcap()), loss.ignoreIndex(), loss.ignoreScope().label(),
          loss.numClasses().isPresent() ? loss.numClasses().getAsInt() : null, loss.reduction().label(),
          orNull(inputs.denominator()), apart ? number(inputs.softDenominator()) : null,
          apart ? number(inputs.hardDenominator()) : null, inputs.gradientScale());
    }
  }

  static LossDocument of(LossTotals totals, DistillationLoss loss, LossInputs inputs, String device,
      Optional<HeadWorkspace> workspace, double milliseconds) {
    boolean reduced = loss.reduction() != Reduction.NONE;
    return new LossDocument(
        reduced ? totals.total() : null, reduced ? totals.soft() : null, reduced ? totals.hard() : null,
        totals.rows(), totals.countedRows(),
        loss.ignoreScope() == IgnoreScope.HARD ? totals.hardCountedRows() : null, totals.nonFiniteRows(),
        orNull(totals.temperatureGradient()), device, workspace.orElse(null), milliseconds, Loss.of(loss, inputs));
  }

  private static @Nullable Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }

  private static @Nullable Double number(@Nullable Denominator denominator) {
    return denominator instanceof Denominator.Value(double value) ? value : null;
  }
}
