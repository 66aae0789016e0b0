package dev.temper.ffm;

/**
 * Converts exceptions of downcalls. A method handle declares {@link Throwable}, but a downcall throws only unchecked
 * exceptions.
 */
public final class Downcalls {

  private Downcalls() {}

  /**
   * Returns the exception of a downcall and throws an {@link Error}.
   *
   * <p>The exception is for example an {@link IllegalStateException} for closed memory or a {@link
   * WrongThreadException} for memory that is confined to another thread.
   */
  public static RuntimeException unchecked(Throwable thrown) {
    return switch (thrown) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException(thrown);
    };
  }
}
