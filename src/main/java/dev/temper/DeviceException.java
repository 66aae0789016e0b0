package dev.temper;

/** A device failed: which call, with which code, what the code is called, and what to do. Not thrown for bad input. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;
  private final String name;
  private final String remedy;

  /**
   * A failure.
   *
   * @param call the function that failed, with what identifies the work, such as {@code cuMemAlloc of 4096 bytes}
   * @param code what it returned
   * @param name the code's name, such as {@code CUDA_ERROR_OUT_OF_MEMORY}
   * @param remedy what to do
   */
  public DeviceException(String call, int code, String name, String remedy) {
    super(call + " failed with code " + code + " (" + name + "); " + remedy);
    this.call = call;
    this.code = code;
    this.name = name;
    this.remedy = remedy;
  }

  /** The function that failed, with what identifies the work. */
  public String call() {
    return call;
  }

  /** What it returned. */
  public int code() {
    return code;
  }

  /** The code's name. */
  public String codeName() {
    return name;
  }

  /** What to do. */
  public String remedy() {
    return remedy;
  }
}
