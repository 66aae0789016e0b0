package dev.temper.tools.train;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Full batches in random order. Every example occurs once before any example occurs again. Equal seeds give equal
 * batches.
 */
final class WordBatches {

  private final Examples examples;
  private final int rows;
  private final int[] order;
  private final SplittableRandom random;
  private int next;

  /**
   * Creates the batches of some examples.
   *
   * @throws IllegalArgumentException if the examples do not fill one batch
   */
  WordBatches(Examples examples, int rows, long seed) {
    if (examples.size() < rows) {
      throw new IllegalArgumentException("the training part has " + examples.size() + " words, expected at least the "
          + rows
          + " of one batch; give a longer text");
    }
    this.examples = examples;
    this.rows = rows;
    order = new int[examples.size()];
    Arrays.setAll(order, i -> i);
    random = new SplittableRandom(seed);
    next = order.length;
  }

  /** The examples of the next batches, each once, in the order in which they first appear. */
  int[] chosen(int batches) {
    boolean[] seen = new boolean[examples.size()];
    int[] chosen = new int[examples.size()];
    int count = 0;
    for (int batch = 0; batch < batches; batch++) {
      for (int example : nextExamples()) {
        if (!seen[example]) {
          seen[example] = true;
          chosen[count++] = example;
        }
      }
    }
    return Arrays.copyOf(chosen, count);
  }

  WordBatch next() {
    return examples.batch(nextExamples());
  }

  private int[] nextExamples() {
    if (next + rows > order.length) {
      shuffle();
      next = 0;
    }
    int from = next;
    next += rows;
    return Arrays.copyOfRange(order, from, next);
  }

  private void shuffle() {
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }
}
