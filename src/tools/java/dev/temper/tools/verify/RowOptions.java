package dev.temper.tools.verify;

import java.util.OptionalDouble;

/**
 * The inputs of a call beside the logits.
 *
 * @param labels whether there are labels
 * @param ignored share of rows with the ignored label
 * @param weights whether there are row weights; one in four is 0
 * @param temperatures whether there are row temperatures
 * @param denominator explicit divisor of a mean
 * @param gradientScale factor on the gradient
 * @param inPlace whether the gradient replaces the student's logits
 */
record RowOptions(
    boolean labels,
    double ignored,
    boolean weights,
    boolean temperatures,
    OptionalDouble denominator,
    double gradientScale,
    boolean inPlace) {

  static RowOptions none() {
    return new RowOptions(false, 0, false, false, OptionalDouble.empty(), 1, false);
  }

  RowOptions withLabels(double ignoredShare) {
    return new RowOptions(true, ignoredShare, weights, temperatures, denominator, gradientScale, inPlace);
  }

  RowOptions withWeights() {
    return new RowOptions(labels, ignored, true, temperatures, denominator, gradientScale, inPlace);
  }

  RowOptions withTemperatures() {
    return new RowOptions(labels, ignored, weights, true, denominator, gradientScale, inPlace);
  }

  RowOptions withDenominator(double value) {
    return new RowOptions(labels, ignored, weights, temperatures, OptionalDouble.of(value), gradientScale, inPlace);
  }

  RowOptions withGradientScale(double value) {
    return new RowOptions(labels, ignored, weights, temperatures, denominator, value, inPlace);
  }

  RowOptions withInPlace(boolean value) {
    return new RowOptions(labels, ignored, weights, temperatures, denominator, gradientScale, value);
  }
}
