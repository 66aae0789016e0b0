package dev.temper.tools.train;

/**
 * The largest differences between an engine and the f64 reference during training.
 *
 * @param checks batches of which a sample was recomputed
 * @param loss worst difference of a sample's loss, relative to it
 * @param gradient worst difference of any element of the gradient, relative to the sample's largest
 */
public record Differences(int checks, double loss, double gradient) {

  /**
   * The largest difference that f32 explains: 128 units of roundoff (2^-24), about 8e-6. Logits reach about 30 here,
   * and the rounding of an exponential's argument of that size alone costs up to 30 units.
   */
  public static final double BOUND = 128 * 0x1p-24;

  /** Whether both differences are within the bound. NaN is not. */
  public boolean hold() {
    return loss <= BOUND && gradient <= BOUND;
  }

  /** The larger of each pair of differences; NaN counts as the largest. */
  Differences and(Differences other) {
    return new Differences(checks + other.checks, Math.max(loss, other.loss), Math.max(gradient, other.gradient));
  }
}
