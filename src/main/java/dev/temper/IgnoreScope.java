package dev.temper;

/** The parts of the loss that a row with the ignored label is excluded from. */
public enum IgnoreScope {
  /** Both parts: the row contributes nothing and is not counted. */
  BOTH("both"),
  /**
   * The hard part only: the row keeps its soft part. {@link Reduction#MEAN} then divides the soft part by all rows and
   * the hard part by the rows that have a label.
   */
  HARD("hard");

  private final String label;

  IgnoreScope(String label) {
    this.label = label;
  }

  /** Name on the command line and in messages, such as {@code both}. */
  public String label() {
    return label;
  }
}
