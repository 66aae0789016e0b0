package dev.temper.tools.verify;

/** Expected values, each with its error bound; both arrays may be filled in place. */
@SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
record BoundedValues(double[] values, double[] bounds) {

  static BoundedValues zeros(int length) {
    return new BoundedValues(new double[length], new double[length]);
  }

  void set(int index, double value, double bound) {
    values[index] = value;
    bounds[index] = bound;
  }
}
