package dev.temper.tools.bench;

import java.util.Arrays;
import java.util.List;

/**
 * The sizes of a linear head.
 *
 * @param rows tokens, 1 or more
 * @param features width of the student's hidden states, 1 or more
 * @param teacherFeatures width of the teacher's hidden states, 1 or more
 * @param classes size of the vocabulary, 1 or more
 */
public record HeadShape(int rows, int features, int teacherFeatures, int classes) {

  /** Requires sizes of at least 1. */
  public HeadShape {
    if (rows < 1 || features < 1 || teacherFeatures < 1 || classes < 1) {
      throw new IllegalArgumentException("head is " + rows + "x" + features + "/" + teacherFeatures + "x" + classes
          + ", expected at least 1 row, 1 feature and 1 class");
    }
  }

  /**
   * Reads {@code ROWSxFEATURESxCLASSES} for models of equal width, such as {@code 8192x4096x128256}, or {@code
   * ROWSxSTUDENT/TEACHERxCLASSES}.
   *
   * @throws IllegalArgumentException for any other text
   */
  public static HeadShape parse(String text) {
    String[] sizes = text.split("x", -1);
    try {
      if (sizes.length == 3) {
        String[] widths = sizes[1].split("/", 2);
        return new HeadShape(number(sizes[0]), number(widths[0]), number(widths[widths.length - 1]), number(sizes[2]));
      }
    } catch (NumberFormatException e) {
      // The message below says what is expected.
    }
    throw new IllegalArgumentException("head '" + text + "': expected ROWSxFEATURESxCLASSES, such as 8192x4096x128256,"
        + " or ROWSxSTUDENT/TEACHERxCLASSES for different widths");
  }

  private static int number(String text) {
    return Integer.parseInt(text.strip());
  }

  /** Reads heads separated by commas. */
  public static List<HeadShape> parseList(String text) {
    return Arrays.stream(text.split(",", -1)).map(HeadShape::parse).toList();
  }

  /** Shape of the logits. */
  BatchShape logits() {
    return new BatchShape(rows, classes);
  }

  /** Operations of the four products: logits of both models, and both gradients. */
  double operations() {
    return 2.0 * rows * classes * (3.0 * features + teacherFeatures);
  }

  @Override
  public String toString() {
    return rows + "x" + features + (teacherFeatures == features ? "" : "/" + teacherFeatures) + "x" + classes;
  }
}
