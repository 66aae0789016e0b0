package dev.temper.tools.verify;

import dev.temper.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Strict comparison: every element counts, NaN matches NaN only, an infinity its own sign only. Keeps the first mismatches
 * and the element that came closest to its bound.
 */
public final class Comparison {

  /** Mismatches that are kept in words. */
  private static final int SHOWN = 5;

  /**
   * An element and how much of its bound its error used.
   *
   * @param what quantity and index
   * @param error absolute error
   * @param bound its bound, rounding of the output included
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

  /** Compares an array of the dtype's values with f64 numbers; each may be off by its bound and one rounding. */
  void within(String quantity, double[] found, double[] expected, double[] bounds, DType dtype, int columns) {
    for (int i = 0; i < expected.length; i++) {
      element(quantity, i, columns, found[i], expected[i], bounds[i], dtype);
    }
  }

  /** Compares one number that is computed in f64 from f32 terms. */
  void within(String quantity, double found, double expected, double bound) {
    judge(quantity, -1, 1, found, expected, bound);
  }

  /** Compares values that must have the same bits; a NaN may be any NaN. */
  void same(String quantity, double[] found, double[] expected, int columns) {
    for (int i = 0; i < expected.length; i++) {
      if (Double.compare(found[i], expected[i]) == 0) {
        compared++;
      } else {
        judge(quantity, i, columns, found[i], expected[i], 0);
      }
    }
  }

  /** Compares one number that must be the same. */
  void same(String quantity, double found, double expected) {
    same(quantity, new double[] {found}, new double[] {expected}, 1);
  }

  /** Compares a count. */
  void sameCount(String quantity, long found, long expected) {
    require(found == expected, quantity + ": found " + found + ", expected " + expected);
  }

  /** Notes something that must hold and does not. */
  void require(boolean holds, String otherwise) {
    compared++;
    if (!holds) {
      mismatch(otherwise);
    }
  }

  private void element(String quantity, int index, int columns, double found, double expected, double bound, DType dtype) {
    double total = bound + Precision.unit(dtype) * Math.abs(expected) + Precision.halfQuantum(dtype);
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
    double error = bothFinite ? Math.abs(found - expected) : Double.compare(found, expected) == 0 ? 0 : Double.POSITIVE_INFINITY;
    boolean bounded = !bothFinite || (bound >= 0 && bound < Double.POSITIVE_INFINITY);
    boolean zeroesDiffer = bothFinite && error == 0 && bound == 0 && Double.compare(found, expected) != 0;
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
    return columns == 1 ? quantity + "[" + index + "]" : quantity + "[" + index / columns + ", " + index % columns + "]";
  }

  private void mismatch(String text) {
    if (mismatchCount++ < SHOWN) {
      mismatches.add(text);
    }
  }

  /** Whether nothing differed. */
  public boolean holds() {
    return mismatchCount == 0;
  }

  /** The first mismatches: index, found, expected, bound. */
  public List<String> mismatches() {
    return mismatches;
  }

  /** All mismatches. */
  public long mismatchCount() {
    return mismatchCount;
  }

  /** Elements compared. */
  public long compared() {
    return compared;
  }

  /** The finite element that came closest to its bound, or null if there was none. */
  public @Nullable Worst worst() {
    return worst;
  }
}
