package dev.temper;

/** Plants a defect into the text of a source. */
public final class Planted {

  private Planted() {}

  /**
   * Returns the text with the defect in every place of the correct code.
   *
   * @param file name of the source in the message
   * @throws IllegalStateException if the correct code is not in the text
   */
  public static String in(String text, String file, Enum<?> defect, String correct, String planted) {
    if (!text.contains(correct)) {
      throw new IllegalStateException("there is nothing in " + file + " to plant " + defect + " in");
    }
    return text.replace(correct, planted);
  }
}
