package dev.temper.tools.verify;

import dev.temper.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A strict comparison of all elements: NaN matches NaN only, an infinity matches that of the same sign only. The first
 * mismatches are kept in words, and the element nearest its bound.
 */
public final class Comparison {

  /** Number of mismatches that are kept in words. */
  private static final int SHOWN = 5;

  /**
   * An element and its error.
   *
   * @param what quantity and index
   * @param error absolute error
   * @param bound its bound, which includes the rounding of the output
   */
  public record Worst(String what, double error, double bound) {
    /** Error over bound; above 1 the case fails. */
    public double share() {
      return bound > 0 ? error / bound : error > 0 ? Double.POSITIVE_INFINITY : 0;
    }
  }

  private final List<String> mismatches = new ArrayList<>();
  private long mismatchCount;
  private long compared;
  private @Nullable Worst worst;
  private @Nullable CaseAccuracy accuracy;

  /** Compares values of a dtype with f64 numbers; each may differ by its bound and one rounding. */
  void within(String quantity, double[] found, double[] expected, double[] bounds, DType dtype, int columns) {
    for (int i = 0; i < expected.length; i++) {
      element(quantity, i, columns, found[i], expected[i], bounds[i], dtype);
    }
  }

  /** Compares one number that is computed in f64 from f32 terms. */
  void within(String quantity, double found, double expected, double bound) {
    judge(quantity, -1, 1, found, expected, bound);
  }

  /** Requires the same bits; the payload of a NaN does not count. */
  void same(String quantity, double[] found, double[] expected, int columns) {
    for (int i = 0; i < expected.length; i++) {
      if (Double.compare(found[i], expected[i]) == 0) {
        compared++;
      } else {
        judge(quantity, i, columns, found[i], expected[i], 0);
      }
    }
  }

  /** Requires the same bits of one number. */
  void same(String quantity, double found, double expected) {
    same(quantity, new double[] {found}, new double[] {expected}, 1);
  }

  /** Requires the same count. */
  void sameCount(String quantity, long found, long expected) {
    require(found == expected, quantity + ": found " + found + ", expected " + expected);
  }

  /** Requires a condition; {@code otherwise} is the mismatch in words. */
  void require(boolean holds, String otherwise) {
    compared++;
    if (!holds) {
      mismatch(otherwise);
    }
  }

  private void element(String quantity, int index, int columns, double found, double expected, double bound,
      DType dtype) {
    double total = bound + Precision.unit(dtype) * (Math.abs(expected) + bound) + Precision.halfQuantum(dtype);
    double limit = Precision.max(dtype);
    boolean overflows = Double.isFinite(expected) && Math.abs(expected) + total > limit;
    if (overflows && found == Math.copySign(Double.POSITIVE_INFINITY, expected)) {
      compared++;
      return;
    }
    judge(quantity, index, columns, found, expected, total);
  }

  private void judge(String quantity, int index, int columns, double found, double expected, double bound) {
    compared++;
    boolean bothFinite = Double.isFinite(found) && Double.isFinite(expected);
    boolean same = Double.compare(found, expected) == 0;
    double error = bothFinite ? Math.abs(found - expected) : same ? 0 : Double.POSITIVE_INFINITY;
    boolean bounded = !bothFinite || (bound >= 0 && bound < Double.POSITIVE_INFINITY);
    boolean zeroesDiffer = bothFinite && error == 0 && bound == 0 && !same;
    if (bothFinite && bounded && (worst == null || error > worst.share() * bound)) {
      worst = new Worst(where(quantity, index, columns), error, bound);
    }
    if (!bounded || zeroesDiffer || error > (bothFinite ? bound : 0)) {
      mismatch(String.format(Locale.ROOT, "%s: found %.9g, expected %.9g, error %.3g, bound %.3g",
          where(quantity, index, columns), found, expected, error, bound));
    }
  }

  private static String where(String quantity, int index, int columns) {
    if (index < 0) {
      return quantity;
    }
    return columns == 1 ? quantity + "[" + index + "]" : quantity + "[" + index / columns + ", " + index % columns
        + "]";
  }

  private void mismatch(String text) {
    if (mismatchCount++ < SHOWN) {
      mismatches.add(text);
    }
  }

  /** Keeps the errors of value and gradient for a summary of several cases. */
  void keep(CaseAccuracy measured) {
    accuracy = measured;
  }

  /** The errors of value and gradient; null for a check that does not keep them. */
  @Nullable CaseAccuracy accuracy() {
    return accuracy;
  }

  /** Whether there was no mismatch. */
  public boolean holds() {
    return mismatchCount == 0;
  }

  /** The first mismatches: index, found, expected, bound. */
  public List<String> mismatches() {
    return mismatches;
  }

  /** Number of all mismatches. */
  public long mismatchCount() {
    return mismatchCount;
  }

  /** Number of elements compared. */
  public long compared() {
    return compared;
  }

  /** The finite element nearest its bound; null if there was none. */
  public @Nullable Worst worst() {
    return worst;
  }
}
