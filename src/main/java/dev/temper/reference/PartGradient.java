package dev.temper.reference;

import java.util.Arrays;

/**
 * Holds the gradient of one part of a row. An infinite loss can have an infinite gradient, of which only the direction
 * is known: its elements are kept apart, so that no later step computes 0 times infinity or infinity minus infinity.
 */
final class PartGradient {

  /** The finite elements. */
  final double[] value;

  /** The signs of the infinite gradient, or 0; an element that is not 0 outweighs the finite one. */
  final double[] direction;

  PartGradient(int classes) {
    value = new double[classes];
    direction = new double[classes];
  }

  void fill(double constant) {
    Arrays.fill(value, constant);
    Arrays.fill(direction, 0);
  }

  void multiply(double factor) {
    for (int i = 0; i < value.length; i++) {
      value[i] *= factor;
    }
  }

  /** Returns an element, which is infinite if the direction is not 0. */
  double at(int i) {
    return direction[i] == 0 ? value[i] : Math.copySign(Double.POSITIVE_INFINITY, direction[i]);
  }
}
