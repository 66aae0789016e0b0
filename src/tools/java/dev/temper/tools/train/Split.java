package dev.temper.tools.train;

import dev.temper.tools.train.Corpus.TextDocument;
import java.util.ArrayList;
import java.util.List;

/**
 * Three parts of the documents without a common group: training, validation (for learning curves and the choice of T
 * and weights) and held-out words for the final evaluation. The part of a group depends on its name alone, so every
 * seed has the same split.
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

  /**
   * Returns one of 16 shares by Fibonacci hashing. The top 4 bits of the product depend on all bits of the name's hash.
   */
  private static int share(String group) {
    return (group.hashCode() * 0x9E3779B9) >>> 28;
  }
}
