package dev.temper.tools.train;

import java.util.List;

/**
 * Text to learn from.
 *
 * @param description what it is, in one phrase
 * @param documents texts that do not continue one another
 */
public record Corpus(String description, List<TextDocument> documents) {

  /**
   * One text.
   *
   * @param group documents of one group never end up on both sides of the split
   * @param words its words, in order
   */
  public record TextDocument(String group, List<String> words) {}

  /** Number of words in all documents. */
  public long words() {
    return documents.stream().mapToLong(d -> d.words().size()).sum();
  }
}
