package dev.temper.tools.train;

import dev.temper.tools.train.Corpus.TextDocument;
import java.util.ArrayList;
import java.util.List;

/**
 * Three parts without a common group: to learn from, to watch while learning and to choose T and weights by, and to be
 * judged on at the end. A group's part depends on its name alone, so every seed sees the same split.
 */
record Split(List<TextDocument> training, List<TextDocument> validation, List<TextDocument> heldOut) {

  static Split of(List<TextDocument> documents) {
    Split split = new Split(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (TextDocument document : documents) {
      switch (share(document.group())) {
        case 0 -> split.heldOut.add(document);
        case 1 -> split.validation.add(document);
        default -> split.training.add(document);
      }
    }
    return split;
  }

  /** One of 16 shares, by Fibonacci hashing: the top 4 bits of the product mix all bits of the name's hash. */
  private static int share(String group) {
    return (group.hashCode() * 0x9E3779B9) >>> 28;
  }
}
