package dev.temper.head;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.Reduction;
import dev.temper.spi.Divisors;

/**
 * The divisors of a batch, in two factors. The larger divisor becomes the factor {@code common} of the products back,
 * because a gradient that is divided by the number of rows can be below the smallest number of F16. The gradient of a
 * chunk holds the remaining factors, which are 1 unless both parts have different divisors or the row weights are
 * large.
 *
 * @param common factor of products and totals; 0 if no row is counted
 * @param soft remaining factor of the soft part
 * @param hard remaining factor of the hard part
 */
record HeadScale(double common, double soft, double hard) {

  static HeadScale of(Divisors divisors) {
    double soft = divisors.softScale();
    double hard = divisors.hardScale();
    double common = soft == 0 ? hard : hard == 0 ? soft : Math.min(soft, hard);
    return new HeadScale(common, soft == 0 ? 1 : soft / common, hard == 0 ? 1 : hard / common);
  }

  /** Row weights up to this one leave a factor of almost 64 below the largest number of F16. */
  private static final double LARGEST_WEIGHT = 1024;

  /**
   * Returns the factors for a gradient in F16, whose largest number is 65,504. A row weight near it would make the
   * gradient of a chunk infinite, so that a power of two moves from the gradient to the products.
   */
  HeadScale forWeightsUpTo(double largest) {
    if (largest <= LARGEST_WEIGHT) {
      return this;
    }
    double power = Math.scalb(1.0, Math.getExponent(largest / LARGEST_WEIGHT) + 1);
    return new HeadScale(common * power, soft / power, hard / power);
  }

  /** Returns the loss of a chunk, whose total is a sum unless the parts have different divisors. */
  DistillationLoss chunkLoss(DistillationLoss loss) {
    Reduction reduction = loss.reduction() == Reduction.NONE ? Reduction.NONE
        : isSplit() ? Reduction.MEAN : Reduction.SUM;
    return loss.toBuilder().reduction(reduction).build();
  }

  /** Returns the inputs of a chunk with the divisors that remain in it. */
  LossInputs divided(LossInputs inputs) {
    return isSplit()
        ? inputs.withSoftDenominator(Denominator.of(1 / soft)).withHardDenominator(Denominator.of(1 / hard))
        : inputs;
  }

  private boolean isSplit() {
    return soft != 1 || hard != 1;
  }
}
