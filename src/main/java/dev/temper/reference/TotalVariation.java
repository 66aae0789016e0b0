package dev.temper.reference;

/** Computes the total variation distance. */
final class TotalVariation {

  private TotalVariation() {}

  /** Computes {@code 1/2 sum |p - q|} with {@code dD/dq = 1/2 sign(q - p)}, which is 0 at ties. */
  static double value(Distributions row, double[] gradient) {
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      value += Math.abs(row.difference(i)) / 2;
      gradient[i] = -Math.signum(row.logRatio[i]) / 2;
    }
    MixtureDivergences.throughSoftmax(row, gradient);
    return value;
  }
}
