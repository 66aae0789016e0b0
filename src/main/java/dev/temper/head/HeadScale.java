package dev.temper.head;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.MatrixView;
import dev.temper.Reduction;
import dev.temper.spi.ChunkedLoss.FactorsInMemory;
import dev.temper.spi.Divisors;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;

/**
 * The divisors of a batch, in two factors. The larger divisor becomes a factor of the products back, because a gradient
 * that is divided by the number of rows can be below the smallest number of F16. The gradient of a chunk holds the
 * remaining factors, which are 1 unless both parts have different divisors or the row weights are large.
 */
sealed interface HeadScale {

  /** Row weights up to this one leave a factor of almost 64 below the largest number of F16. */
  double LARGEST_WEIGHT = 1024;

  /**
   * Returns the power of 2 that moves from the gradient of a chunk in F16 to the products. Without it a row weight near
   * the largest number of F16, 65,504, would make the gradient infinite.
   */
  static double powerFor(double largestWeight) {
    return largestWeight <= LARGEST_WEIGHT ? 1
        : Math.scalb(1.0, Math.getExponent(largestWeight / LARGEST_WEIGHT) + 1);
  }

  /** Computes a product back, with its factor of the divisors and the gradient scale. */
  void multiply(Products products, Operand left, Operand right, double beta, MatrixView result);

  /** Rounds sums of products back to the memory of the caller. */
  void store(Products products, MatrixView sum, double beta, MatrixView result);

  /** Returns the loss of a chunk, whose total is a sum unless divisors remain in the chunk. */
  default DistillationLoss chunkLoss(DistillationLoss loss) {
    Reduction reduction = loss.reduction() == Reduction.NONE ? Reduction.NONE
        : isSplit() ? Reduction.MEAN : Reduction.SUM;
    return loss.toBuilder().reduction(reduction).build();
  }

  /** Returns the inputs of a chunk with the divisors that remain in it. */
  LossInputs divided(LossInputs inputs);

  /** Returns whether divisors remain in the gradient of a chunk. */
  boolean isSplit();

  /**
   * Holds the factors of an engine that computes in host memory.
   *
   * @param products factor of the products back; 0 if no row is counted
   * @param soft remaining factor of the soft part
   * @param hard remaining factor of the hard part
   */
  record Numbers(double products, double soft, double hard) implements HeadScale {

    /** The factors of a batch without rows, whose products add nothing. */
    static final Numbers NO_ROWS = new Numbers(0, 1, 1);

    static Numbers of(Divisors divisors, double power, double gradientScale) {
      double soft = divisors.softScale();
      double hard = divisors.hardScale();
      double common = soft == 0 ? hard : hard == 0 ? soft : Math.min(soft, hard);
      return new Numbers(common * power * gradientScale, (soft == 0 ? 1 : soft / common) / power,
          (hard == 0 ? 1 : hard / common) / power);
    }

    @Override
    public void multiply(Products by, Operand left, Operand right, double beta, MatrixView result) {
      by.multiply(products, left, right, beta, result);
    }

    @Override
    public void store(Products by, MatrixView sum, double beta, MatrixView result) {
      by.store(sum, beta, result);
    }

    @Override
    public LossInputs divided(LossInputs inputs) {
      return isSplit()
          ? inputs.withSoftDenominator(Denominator.of(1 / soft)).withHardDenominator(Denominator.of(1 / hard))
          : inputs;
    }

    @Override
    public boolean isSplit() {
      return soft != 1 || hard != 1;
    }
  }

  /** Holds the factors that a device computes in its memory. */
  record InMemory(FactorsInMemory factors) implements HeadScale {

    @Override
    public void multiply(Products products, Operand left, Operand right, double beta, MatrixView result) {
      products.multiply(factors.products(), left, right, beta != 0, result);
    }

    @Override
    public void store(Products products, MatrixView sum, double beta, MatrixView result) {
      products.store(factors.products(), sum, beta, result);
    }

    @Override
    public LossInputs divided(LossInputs inputs) {
      return inputs.withSoftDenominator(factors.soft()).withHardDenominator(factors.hard());
    }

    @Override
    public boolean isSplit() {
      return true;
    }
  }
}
