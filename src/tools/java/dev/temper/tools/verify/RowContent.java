package dev.temper.tools.verify;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Fills one row of student and teacher logits. */
final class RowContent {

  private static final double NONE = Double.NEGATIVE_INFINITY;

  private RowContent() {}

  /** Fills a row; {@code unused} is true for a row with an ignored label or the weight 0. */
  static void fill(
      Content content, int row, boolean unused, double[] z, double[] u, double @Nullable [] labels,
      SplittableRandom random) {
    double zShift = content == Content.SHIFTED ? random.nextDouble(-1e3, 1e3) : 0;
    double uShift = content == Content.SHIFTED ? random.nextDouble(-1e3, 1e3) : 0;
    for (int i = 0; i < z.length; i++) {
      double a = 3 * random.nextGaussian();
      double b = 3 * random.nextGaussian();
      switch (content) {
        case EQUAL, EQUAL_ABSENT -> set(z, u, i, b, b);
        case NEARLY_EQUAL -> set(z, u, i, (float) b + 1e-3 / 3 * a, b);
        case SHARP -> set(z, u, i, 4 * a, 4 * b);
        case LARGE -> set(z, u, i, random.nextDouble(-1e4, 1e4), random.nextDouble(-1e4, 1e4));
        case TAILS -> set(z, u, i, 10 * a, 10 * b);
        case FAR -> set(z, u, i, 10 * a + 1e5 * zShift, 10 * b + 1e5 * uShift);
        case SHIFTED -> set(z, u, i, a + zShift, b + uShift);
        case SATURATED -> set(z, u, i, 2 * i < z.length ? a - 100 : a, 2 * i < z.length ? b : b - 100);
        case ON_GRID -> set(z, u, i, Math.rint(a * 16) / 16, Math.rint(b * 16) / 16);
        case TIES -> set(z, u, i, Math.clamp(Math.rint(a / 3), -2, 2), Math.clamp(Math.rint(b / 3), -2, 2));
        default -> set(z, u, i, a, b);
      }
    }
    int label = labels != null && labels[row] >= 0 ? (int) labels[row] : 0;
    switch (content) {
      case ABSENT, EQUAL_ABSENT -> removeSome(row, label, z, u, random);
      case ABSENT_LABELS -> {
        removeSome(row, label, z, u, random);
        if (row % 3 == 0) {
          z[label] = NONE;
          u[label] = NONE;
          z[(label + 1) % z.length] = 1;
          u[(label + 1) % z.length] = 1;
        }
      }
      case LOWEST -> {
        for (int i = 0; i < z.length; i++) {
          if (isMasked(i, z.length)) {
            set(z, u, i, -Float.MAX_VALUE, -Float.MAX_VALUE);
          }
        }
        if (labels != null && label >= 0 && isMasked(label, z.length)) {
          labels[row]--;
        }
      }
      case TEACHER_ABSENT -> removeSome(row, label, null, u, random);
      case STUDENT_ABSENT -> {
        if (row % 2 == 0) {
          removeSome(row, label, z, null, random);
        }
      }
      case NON_FINITE -> makeNonFinite(row, z, u, random);
      case NON_FINITE_WHERE_UNUSED -> {
        if (unused) {
          makeNonFinite(row, z, u, random);
        }
      }
      case GOLDEN_A -> golden(new double[] {1, 2, 0}, new double[] {2, 1, 0.5}, z, u, labels);
      case GOLDEN_B -> golden(new double[] {0, Math.log(9)}, new double[] {Math.log(9), 0}, z, u, labels);
      default -> { }
    }
  }

  private static void golden(double[] student, double[] teacher, double[] z, double[] u, double @Nullable [] labels) {
    System.arraycopy(student, 0, z, 0, z.length);
    System.arraycopy(teacher, 0, u, 0, u.length);
    if (labels != null) {
      labels[0] = 0;
    }
  }

  private static void set(double[] z, double[] u, int i, double student, double teacher) {
    z[i] = student;
    u[i] = teacher;
  }

  /** Sets about a fifth of the classes to -inf: at least one, and never the label's. */
  private static void removeSome(int row, int label, double @Nullable [] z, double @Nullable [] u,
      SplittableRandom random) {
    int classes = z != null ? z.length : u != null ? u.length : 0;
    for (int i = 0; i < classes; i++) {
      boolean removed = random.nextInt(5) == 0 || i == (label + 1 + row) % classes;
      if (removed && i != label) {
        if (z != null) {
          z[i] = NONE;
        }
        if (u != null) {
          u[i] = NONE;
        }
      }
    }
  }

  /** Whether {@link Content#LOWEST} masks a class, the same one in every row. */
  private static boolean isMasked(int i, int classes) {
    return classes > 1 && i % 5 == Math.min(3, classes - 1);
  }

  /**
   * Sets elements of student or teacher to NaN or +inf, or all to -inf, by the row's index. Two of eight rows stay
   * finite.
   */
  private static void makeNonFinite(int row, double[] z, double[] u, SplittableRandom random) {
    int at = random.nextInt(z.length);
    switch (row % 8) {
      case 0 -> z[at] = Double.NaN;
      case 1 -> u[at] = Double.NaN;
      case 2 -> z[at] = Double.POSITIVE_INFINITY;
      case 3 -> u[at] = Double.POSITIVE_INFINITY;
      case 4 -> Arrays.fill(z, NONE);
      case 5 -> Arrays.fill(u, NONE);
      default -> { }
    }
  }
}
