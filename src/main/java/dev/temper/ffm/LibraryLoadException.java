package dev.temper.ffm;

/**
 * Reports that a shared library or one of its functions was not found or not loaded. The message holds the reason.
 */
public final class LibraryLoadException extends Exception {
  private static final long serialVersionUID = 1L;

  public LibraryLoadException(String reason) {
    super(reason);
  }
}
