package dev.temper;

/** How the losses of the rows become one number, and what the gradient is the gradient of. */
public enum Reduction {
  /** No total; the gradient is that of the sum. */
  NONE("none"),
  /** Sum over counted rows. */
  SUM("sum"),
  /** Sum divided by the number of counted rows (all rows without the ignored label). */
  MEAN("mean"),
  /**
   * Sum divided by the number of all flattened rows, ignored ones included. PyTorch's {@code batchmean} on {@code
   * [batch, sequence, classes]} divides by the batch alone: pass that number as the explicit denominator to reproduce
   * it.
   */
  BATCH_MEAN("batch-mean");

  private final String label;

  Reduction(String label) {
    this.label = label;
  }

  /** Name on the command line and in messages, such as {@code batch-mean}. */
  public String label() {
    return label;
  }

  /** Whether the sum is divided, so that an explicit denominator makes sense. */
  public boolean isMean() {
    return this == MEAN || this == BATCH_MEAN;
  }
}
