package dev.temper.tools.verify;

import dev.temper.IgnoreScope;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The numbers of a case. Each is exactly representable in the dtype of its tensor. */
final class CaseData {

  private static final double[] JUNK = {Double.NaN, Double.POSITIVE_INFINITY, 6e4, -6e4, Double.NEGATIVE_INFINITY};

  private final double[] student;
  private final double[] teacher;
  private final double @Nullable [] labels;
  private final double @Nullable [] weights;
  private final double @Nullable [] temperatures;

  CaseData(
      double[] student, double[] teacher, double @Nullable [] labels, double @Nullable [] weights,
      double @Nullable [] temperatures) {
    this.student = student;
    this.teacher = teacher;
    this.labels = labels;
    this.weights = weights;
    this.temperatures = temperatures;
  }

  static CaseData of(Case c, long seed) {
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + c.name().hashCode());
    Layout layout = c.layout();
    int rows = layout.rows();
    double[] labels = c.options().labels() ? labels(c, random) : null;
    double[] weights = c.options().weights() || c.options().has(Given.NEGATIVE_WEIGHTS)
        ? weights(rows, c.options().has(Given.NEGATIVE_WEIGHTS), random) : null;
    double[] temperatures = c.options().temperatures() ? temperatures(rows, random) : null;
    double[] student = new double[rows * layout.studentColumns()];
    double[] teacher = new double[rows * layout.teacherColumns()];
    double[] z = new double[layout.classes()];
    double[] u = new double[layout.classes()];
    for (int row = 0; row < rows; row++) {
      boolean unused = (labels != null && labels[row] == c.loss().ignoreIndex()
          && c.loss().ignoreScope() == IgnoreScope.BOTH) || (weights != null && weights[row] == 0);
      RowContent.fill(c.content(), row, unused, z, u, labels, random);
      if (c.content() == Content.LOWEST) {
        limit(z, Precision.max(layout.student()));
        limit(u, Precision.max(layout.teacher()));
      }
      for (int i = 0; i < layout.studentColumns(); i++) {
        student[row * layout.studentColumns() + i] =
            Precision.round(i < z.length ? z[i] : junk(row, i), layout.student());
      }
      for (int i = 0; i < layout.teacherColumns(); i++) {
        teacher[row * layout.teacherColumns() + i] =
            Precision.round(i < u.length ? u[i] : junk(row + 1, i), layout.teacher());
      }
      if (c.content() == Content.EQUAL && !layout.isPadded() && layout.student() == layout.teacher()) {
        System.arraycopy(teacher, row * u.length, student, row * z.length, z.length);
      }
    }
    repeat(student, layout.studentColumns(), c.options().has(Given.REPEATED_STUDENT));
    repeat(teacher, layout.teacherColumns(), c.options().has(Given.REPEATED_TEACHER));
    return new CaseData(student, teacher, labels, weights, temperatures);
  }

  /** The value to which element {@code i} of the gradient is added. It is exact in every dtype. */
  static double initialGradient(int i) {
    return ((i * 37 & 63) - 31) / 4096.0;
  }

  private static void repeat(double[] matrix, int columns, boolean isRepeated) {
    for (int i = columns; isRepeated && i < matrix.length; i++) {
      matrix[i] = matrix[i - columns];
    }
  }

  private static void limit(double[] row, double max) {
    for (int i = 0; i < row.length; i++) {
      row[i] = Math.max(row[i], -max);
    }
  }

  private static double junk(int row, int column) {
    return JUNK[(row + column) % JUNK.length];
  }

  private static double[] labels(Case c, SplittableRandom random) {
    double[] labels = new double[c.layout().rows()];
    for (int row = 0; row < labels.length; row++) {
      boolean ignored = random.nextDouble() < c.options().ignored();
      labels[row] = ignored ? c.loss().ignoreIndex() : random.nextInt(c.layout().classes());
    }
    return labels;
  }

  private static double[] weights(int rows, boolean negative, SplittableRandom random) {
    double[] weights = new double[rows];
    for (int row = 0; row < rows; row++) {
      double sign = negative && row % 3 == 0 ? -1 : 1;
      weights[row] = row % 4 == 1 ? 0 : (float) (sign * (0.1 + 2 * random.nextDouble()));
    }
    return weights;
  }

  private static double[] temperatures(int rows, SplittableRandom random) {
    double[] temperatures = new double[rows];
    for (int row = 0; row < rows; row++) {
      temperatures[row] = (float) Math.exp(random.nextDouble(Math.log(0.5), Math.log(10)));
    }
    return temperatures;
  }

  /** [rows, student columns]; the padding holds values that must not affect the result. */
  double[] student() {
    return student;
  }

  /** [rows, teacher columns]; the upstream gradient of {@link EngineMethod#LOG_SOFTMAX_BACKWARD}. */
  double[] teacher() {
    return teacher;
  }

  /** [rows]. */
  double @Nullable [] labels() {
    return labels;
  }

  /** [rows]. */
  double @Nullable [] weights() {
    return weights;
  }

  /** [rows]. */
  double @Nullable [] temperatures() {
    return temperatures;
  }
}
