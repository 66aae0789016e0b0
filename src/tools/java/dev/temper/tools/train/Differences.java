package dev.temper.tools.train;

/**
 * How far an engine was from the f64 reference during training.
 *
 * @param checks batches of which a sample was recomputed
 * @param loss worst difference of a sample's loss, relative to it
 * @param gradient worst difference of any element of the gradient, relative to the sample's largest
 */
public record Differences(int checks, double loss, double gradient) {

  /**
   * What f32 explains: 128 units of roundoff (2^-24), about 8e-6. Logits reach about 30 here, and an argument of the
   * exponential that is rounded at that size costs up to 30 units by itself.
   */
  public static final double BOUND = 128 * 0x1p-24;

  /** Whether both differences are within the bound; NaN never is. */
  public boolean hold() {
    return loss <= BOUND && gradient <= BOUND;
  }

  /** The larger of each pair of differences; NaN counts as the largest. */
  Differences and(Differences other) {
    return new Differences(checks + other.checks, Math.max(loss, other.loss), Math.max(gradient, other.gradient));
  }
}
