package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.tools.train.Corpus.TextDocument;
import java.util.List;

/**
 * Every word of some documents as an example: the words before it, and itself as the label. Words beyond the vocabulary
 * are context but never a label, so that no model is trained to predict "unknown".
 */
final class Examples {

  /** Label of a row that the loss ignores. */
  static final int NO_LABEL = (int) DistillationLoss.DEFAULT_IGNORE_INDEX;

  private final int context;
  private final int[] stream;
  private final int[] positions;

  Examples(List<TextDocument> documents, Vocabulary vocabulary, int context) {
    this.context = context;
    int words = documents.stream().mapToInt(d -> d.words().size()).sum();
    // Enough boundaries separate two documents that no context reaches into the previous one. The first boundary is
    // also a label, the end of the document.
    stream = new int[context + words + documents.size() * context];
    positions = new int[words + documents.size()];
    int at = 0;
    int example = 0;
    for (int i = 0; i < context; i++) {
      stream[at++] = Vocabulary.BOUNDARY;
    }
    for (TextDocument document : documents) {
      for (String word : document.words()) {
        positions[example++] = at;
        stream[at++] = vocabulary.id(word);
      }
      positions[example++] = at;
      for (int i = 0; i < context; i++) {
        stream[at++] = Vocabulary.BOUNDARY;
      }
    }
  }

  int size() {
    return positions.length;
  }

  /** A batch of the given examples, in the given order. */
  WordBatch batch(int... examples) {
    int[] words = new int[examples.length * context];
    int[] labels = new int[examples.length];
    for (int row = 0; row < examples.length; row++) {
      int position = positions[examples[row]];
      System.arraycopy(stream, position - context, words, row * context, context);
      labels[row] = stream[position] == Vocabulary.UNKNOWN ? NO_LABEL : stream[position];
    }
    return new WordBatch(context, words, labels, examples);
  }
}
