package dev.temper;

/** A named device, or a library that it needs, cannot be used on this machine; the message says what is missing. */
public final class EngineUnavailableException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception with the reason in one sentence. */
  public EngineUnavailableException(String message) {
    super(message);
  }

  /** Creates an exception with the reason in one sentence, and its cause. */
  public EngineUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
