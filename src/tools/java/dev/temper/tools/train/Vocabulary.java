package dev.temper.tools.train;

import dev.temper.tools.train.Corpus.TextDocument;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The words that a model can predict, most frequent first; every other word is {@link #UNKNOWN}. */
final class Vocabulary {

  /** The id of every word outside the vocabulary. */
  static final int UNKNOWN = 0;

  /** The id before the first and after the last word of a document. */
  static final int BOUNDARY = 1;

  /** Smallest count of a word in the vocabulary; rarer words have too few neighbours to learn from. */
  private static final int MIN_COUNT = 3;

  private final List<String> words;
  private final Map<String, Integer> ids = new HashMap<>();

  private Vocabulary(List<String> words) {
    this.words = words;
    for (int id = 0; id < words.size(); id++) {
      ids.put(words.get(id), id);
    }
  }

  /**
   * Returns the vocabulary of the most frequent words, at most {@code limit} including the two special ids. Equally
   * frequent words are ordered by spelling.
   */
  static Vocabulary of(List<TextDocument> documents, int limit) {
    Map<String, Integer> counts = new HashMap<>();
    for (TextDocument document : documents) {
      for (String word : document.words()) {
        counts.merge(word, 1, Integer::sum);
      }
    }
    List<String> words = new ArrayList<>(List.of("<unknown>", "<boundary>"));
    counts.entrySet().stream()
        .filter(e -> e.getValue() >= MIN_COUNT)
        .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
            .thenComparing(Map.Entry.comparingByKey()))
        .limit(limit - 2)
        .forEach(e -> words.add(e.getKey()));
    return new Vocabulary(words);
  }

  int size() {
    return words.size();
  }

  int id(String word) {
    return ids.getOrDefault(word, UNKNOWN);
  }

  String word(int id) {
    return words.get(id);
  }
}
