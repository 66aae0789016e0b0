package dev.temper;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * An option or an input of a loss that cannot be used. {@link #getMessage()} names options as this API does; {@link #message} names
 * them as a caller does who has other names for them, such as a command line.
 */
public class LossArgumentException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final List<Object> words;

  /**
   * An exception with a message of several words, which are put together without spaces.
   *
   * @param words strings, numbers, and the {@link LossOption} that the message names
   */
  public LossArgumentException(Object... words) {
    super(text(List.of(words), LossOption::label));
    this.words = List.of(words);
  }

  /** The message with the caller's own names of options. */
  public String message(Function<LossOption, String> name) {
    return text(words, name);
  }

  /** Words in one string. */
  static String text(List<Object> words, Function<LossOption, String> name) {
    return words.stream().map(word -> word instanceof LossOption option ? name.apply(option) : word.toString())
        .collect(Collectors.joining());
  }
}
