package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of {@code temper loss}.
 *
 * @param total the reduced loss, {@code soft + hard}; null for reduction none, like the two parts
 * @param soft the weighted and reduced soft part
 * @param hard the weighted and reduced hard part
 * @param rows number of rows
 * @param countedRows rows that are not ignored
 * @param nonFiniteRows counted rows whose loss is not finite
 * @param device kind of device
 * @param milliseconds time of the call, which is the first of its process
 * @param loss the loss that was computed
 */
record LossDocument(
    @Nullable Double total,
    @Nullable Double soft,
    @Nullable Double hard,
    long rows,
    long countedRows,
    long nonFiniteRows,
    String device,
    double milliseconds,
    Loss loss) {

  /** Every option of the loss and of the call; null where one is not set. */
  record Loss(
      String divergence,
      double temperature,
      @Nullable Double teacherTemperature,
      boolean temperatureScaling,
      double softWeight,
      double hardWeight,
      double labelSmoothing,
      @Nullable Double softcap,
      long ignoreIndex,
      @Nullable Integer numClasses,
      String reduction,
      @Nullable Double denominator,
      double gradientScale) {

    static Loss of(DistillationLoss loss, @Nullable Double denominator, double gradientScale) {
      return new Loss(loss.divergence().label(), loss.temperature(),
          loss.teacherTemperature().isPresent() ? loss.teacherTemperature().getAsDouble() : null,
          loss.temperatureScaling(), loss.softWeight(), loss.hardWeight(), loss.labelSmoothing(),
          loss.softcap().isPresent() ? loss.softcap().getAsDouble() : null, loss.ignoreIndex(),
          loss.numClasses().isPresent() ? loss.numClasses().getAsInt() : null, loss.reduction().label(), denominator,
          gradientScale);
    }
  }

  static LossDocument of(LossTotals totals, Reduction reduction, String device, double milliseconds, Loss loss) {
    boolean reduced = reduction != Reduction.NONE;
    return new LossDocument(
        reduced ? totals.total() : null, reduced ? totals.soft() : null, reduced ? totals.hard() : null,
        totals.rows(), totals.countedRows(), totals.nonFiniteRows(), device, milliseconds, loss);
  }
}
