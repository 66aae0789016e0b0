package dev.temper.ffm;

/** A shared library, or a function of it, could not be found or loaded; the message holds the loader's reason. */
public final class LibraryLoadException extends Exception {
  private static final long serialVersionUID = 1L;

  LibraryLoadException(String reason) {
    super(reason);
  }
}
