package dev.temper.tools.bench;

import dev.temper.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * Shape of the logits of one batch.
 *
 * @param rows tokens or examples, 1 or more
 * @param classes size of the vocabulary, 1 or more
 */
public record BatchShape(int rows, int classes) {

  /** Requires at least one row and one class. */
  public BatchShape {
    if (rows < 1 || classes < 1) {
      throw new IllegalArgumentException("shape is " + rows + "x" + classes + ", expected at least 1 row and 1 class");
    }
  }

  /**
   * Reads {@code ROWSxCLASSES}, such as {@code 4096x32000}.
   *
   * @throws IllegalArgumentException for any other text
   */
  public static BatchShape parse(String text) {
    int cross = text.indexOf('x');
    try {
      return new BatchShape(Integer.parseInt(text.substring(0, Math.max(cross, 0)).strip()),
          Integer.parseInt(text.substring(cross + 1).strip()));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("shape '" + text + "': expected ROWSxCLASSES, such as 4096x32000", e);
    }
  }

  /** Reads shapes separated by commas. */
  public static List<BatchShape> parseList(String text) {
    List<BatchShape> shapes = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      shapes.add(parse(part));
    }
    return shapes;
  }

  /** The shapes of the CPU benchmarks, from a small classifier to the vocabulary of a language model. */
  public static List<BatchShape> usual() {
    return List.of(
        new BatchShape(4096, 10), new BatchShape(1024, 1000), new BatchShape(256, 32_000), new BatchShape(64, 128_256));
  }

  /** Number of logits in one matrix. */
  public long elements() {
    return (long) rows * classes;
  }

  /** Size of one matrix. */
  public long matrixBytes(DType dtype) {
    return elements() * dtype.bytes();
  }

  /** Least traffic of loss and gradient: student and teacher are read once, the gradient is written once. */
  public long leastTraffic(DType dtype) {
    return 3 * matrixBytes(dtype);
  }

  @Override
  public String toString() {
    return rows + "x" + classes;
  }
}
