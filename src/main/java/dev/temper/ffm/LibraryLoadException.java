package dev.temper.ffm;

/** A shared library, or a function of it, could not be found or loaded; the message is the loader's own reason. */
public final class LibraryLoadException extends Exception {
  private static final long serialVersionUID = 1L;

  LibraryLoadException(String reason) {
    super(reason);
  }
}
