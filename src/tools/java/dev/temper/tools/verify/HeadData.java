package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.DType;
import java.util.SplittableRandom;

/** The numbers of a case of a head, and the logits that they give in f64. */
@SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
record HeadData(Factors student, Factors teacher, CaseData rows) {

  /** Hidden states [rows, features], weight [columns, features] and bias [columns], row after row. */
  @SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
  record Factors(double[] hidden, double[] weight, double[] bias, int features, int columns) {

    private static Factors random(int rows, int features, int columns, boolean hasBias, DType dtype,
        SplittableRandom random) {
      return new Factors(random(rows * features, 1, dtype, random),
          random(columns * features, 3 / Math.sqrt(features), dtype, random),
          hasBias ? random(columns, 1, dtype, random) : new double[columns], features, columns);
    }

    private static double[] random(int length, double deviation, DType dtype, SplittableRandom random) {
      double[] values = new double[length];
      for (int i = 0; i < length; i++) {
        values[i] = Precision.round(deviation * random.nextGaussian(), dtype);
      }
      return values;
    }

    /** Logits [rows, columns] in f64. */
    double[] logits(int rows) {
      double[] logits = new double[rows * columns];
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          logits[row * columns + column] = bias[column];
          for (int i = 0; i < features; i++) {
            logits[row * columns + column] += hidden[row * features + i] * weight[column * features + i];
          }
        }
      }
      return logits;
    }

    /** The largest error of each row of logits that are summed in f32 and stored in a dtype. */
    double[] errors(int rows, DType stored) {
      double[] errors = new double[rows];
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          double size = Math.abs(bias[column]);
          for (int i = 0; i < features; i++) {
            size += Math.abs(hidden[row * features + i] * weight[column * features + i]);
          }
          double rounding = stored == DType.F32 ? 0 : 2 * Precision.unit(stored);
          errors[row] = Math.max(errors[row], (features + 3) * U * size + rounding * size);
        }
      }
      return errors;
    }
  }

  static HeadData of(HeadCase c, long seed) {
    Layout layout = c.loss().layout();
    SplittableRandom random = new SplittableRandom(seed * 31 + c.loss().name().hashCode());
    CaseData given = CaseData.of(c.loss(), seed);
    Factors student = Factors.random(c.rows(), c.features(), c.columns(), c.hasBias(), layout.student(), random);
    if (!c.hasTeacherStates()) {
      Factors none = Factors.random(0, 1, 1, false, DType.F32, random);
      return new HeadData(student, none, replaced(given, student.logits(c.rows()), given.teacher()));
    }
    Factors teacher = Factors.random(c.rows(), c.teacherFeatures(), layout.teacherColumns(), c.hasBias(),
        layout.teacher(), random);
    return new HeadData(student, teacher, replaced(given, student.logits(c.rows()), teacher.logits(c.rows())));
  }

  LogitErrors errors(HeadCase c) {
    Layout layout = c.loss().layout();
    return new LogitErrors(student.errors(c.rows(), c.stored(layout.student())),
        c.hasTeacherStates() ? teacher.errors(c.rows(), c.stored(layout.teacher())) : new double[c.rows()]);
  }

  private static CaseData replaced(CaseData given, double[] student, double[] teacher) {
    return new CaseData(student, teacher, given.labels(), given.weights(), given.temperatures());
  }
}
