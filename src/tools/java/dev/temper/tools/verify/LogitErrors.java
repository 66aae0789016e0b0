package dev.temper.tools.verify;

/** Absolute errors of the logits of each row before the loss is computed. */
@SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
record LogitErrors(double[] studentRows, double[] teacherRows) {

  /** No errors, for logits that the case holds. */
  static final LogitErrors NONE = new LogitErrors(new double[0], new double[0]);

  double student(int row) {
    return at(studentRows, row);
  }

  double teacher(int row) {
    return at(teacherRows, row);
  }

  private static double at(double[] errors, int row) {
    return errors.length == 0 ? 0 : errors[row];
  }
}
