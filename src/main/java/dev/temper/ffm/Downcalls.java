package dev.temper.ffm;

/**
 * Exceptions of downcalls: a method handle declares {@link Throwable}, but a downcall throws only unchecked exceptions.
 */
public final class Downcalls {

  private Downcalls() {}

  /**
   * The exception of a downcall, such as {@link IllegalStateException} for memory that was closed and
   * {@link WrongThreadException} for memory that is confined to another thread. An error is thrown.
   */
  public static RuntimeException unchecked(Throwable thrown) {
    return switch (thrown) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException(thrown);
    };
  }
}
