package dev.temper;

/** A named device, or a library that it needs, cannot be used on this machine; the message says what is missing. */
public final class EngineUnavailableException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** A failure with its reason in one sentence. */
  public EngineUnavailableException(String message) {
    super(message);
  }

  /** A failure with its reason in one sentence, and what was thrown. */
  public EngineUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
