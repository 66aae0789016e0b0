package dev.temper.tools.bench;

import java.util.List;
import java.util.stream.LongStream;

/**
 * A few rows of a gradient, evenly spread from the first row to the last. They are compared between plans and between
 * programs.
 *
 * @param indices indices of the rows, ascending
 * @param scale factor on the gradient; without it, gradients of a mean over many rows underflow in F16
 */
public record GradientRows(List<Long> indices, double scale) {

  /** The most rows: few enough for small files, and enough to cover several blocks. */
  private static final int MOST = 4;

  private static final int LARGEST_SCALE = 1024;

  /** Returns the rows to compare. */
  public static GradientRows of(long rows) {
    long count = Math.min(rows, MOST);
    List<Long> indices = LongStream.range(0, count).map(i -> count == 1 ? 0 : i * (rows - 1) / (count - 1)).boxed()
        .toList();
    return new GradientRows(indices, Math.min(rows, LARGEST_SCALE));
  }
}
