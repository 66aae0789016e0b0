package dev.temper;

import java.util.List;
import java.util.stream.Collectors;

/**
 * An option or an input of a loss that cannot be used. The message names options as this API does. A caller with other
 * names for the options, such as a command line, builds its own message from {@link #words()}.
 */
public class LossArgumentException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final List<Object> words;

  /**
   * Creates an exception whose message joins the words without spaces.
   *
   * @param words text, numbers, and each {@link LossOption} that the message names
   */
  public LossArgumentException(Object... words) {
    super(text(List.of(words)));
    this.words = List.of(words);
  }

  /** Returns the words of the message: text, numbers, and each {@link LossOption} that the message names. */
  public final List<Object> words() {
    return words;
  }

  /** Joins the words to one string, with the names of this API. */
  static String text(List<Object> words) {
    return words.stream().map(Object::toString).collect(Collectors.joining());
  }
}
