package dev.temper;

import java.util.List;
import java.util.stream.Collectors;

/**
 * An option or an input of a loss that cannot be used. The message names options as this API does. A caller that has
 * other names for them, such as a command line, puts {@link #words()} together with its own.
 */
public class LossArgumentException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final List<Object> words;

  /**
   * An exception whose message is made of words, without spaces between them.
   *
   * @param words text, numbers, and each {@link LossOption} that the message names
   */
  public LossArgumentException(Object... words) {
    super(text(List.of(words)));
    this.words = List.of(words);
  }

  /** The words of the message: text, numbers, and each {@link LossOption} that it names. */
  public final List<Object> words() {
    return words;
  }

  /** Words in one string. */
  static String text(List<Object> words) {
    return words.stream().map(Object::toString).collect(Collectors.joining());
  }
}
