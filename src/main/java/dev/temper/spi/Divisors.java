package dev.temper.spi;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import org.jspecify.annotations.Nullable;

/**
 * Holds the factors that reduce the sums over rows, {@code 1/divisor}. A factor is 0 instead of 1/0 if no row is
 * counted, and 0 for a part of weight 0.
 *
 * @param softScale factor of the soft part
 * @param hardScale factor of the hard part
 */
public record Divisors(double softScale, double hardScale) {

  /**
   * Returns the factors of a batch whose denominators lie in host memory. A part of weight 0 has the factor 0, and its
   * denominator is not read.
   *
   * @param labelled number of rows with another label than the ignored one
   */
  public static Divisors of(DistillationLoss loss, LossInputs inputs, long labelled) {
    long softRows = loss.ignoreScope() == IgnoreScope.HARD ? inputs.student().rows() : labelled;
    return new Divisors(loss.softWeight() > 0 ? scale(loss, inputs, inputs.softDenominator(), softRows) : 0,
        loss.hardWeight() > 0 ? scale(loss, inputs, inputs.hardDenominator(), labelled) : 0);
  }

  private static double scale(DistillationLoss loss, LossInputs inputs, @Nullable Denominator denominator,
      long counted) {
    if (counted == 0) {
      return 0;
    }
    return 1 / switch (denominator) {
      case null -> switch (loss.reduction()) {
        case NONE, SUM -> 1.0;
        case MEAN -> (double) counted;
        case BATCH_MEAN -> (double) inputs.student().rows();
      };
      case Denominator.Value(double value) -> value;
      case Denominator.InMemory(RowVector vector) -> HostRows.value((RowVector.Host) vector, 0);
    };
  }
}
