package dev.temper.reference;

/** Replaces logits {@code x} by {@code c tanh(x/c)}. */
final class Softcap {

  private Softcap() {}

  /** Replaces the logits. Values that are not finite stay as they are, and -inf still marks an absent class. */
  static void apply(double[] x, double cap) {
    for (int i = 0; i < x.length; i++) {
      x[i] = Double.isFinite(x[i]) ? cap * StrictMath.tanh(x[i] / cap) : x[i];
    }
  }

  /**
   * Multiplies the gradient by {@code 1 - tanh^2(x/c)}. The form {@code 1/cosh^2} keeps its digits near 0. An infinite
   * gradient keeps its direction.
   *
   * @param x logits before the softcap, at least as many as the gradient has elements
   */
  static void chain(double[] x, double cap, PartGradient gradient) {
    for (int i = 0; i < gradient.value.length; i++) {
      double cosh = StrictMath.cosh(x[i] / cap);
      double factor = 1 / (cosh * cosh);
      gradient.value[i] *= factor;
    }
  }
}
