package dev.temper;

/** A device failed: which call, with which code, what the code is called, and what to do. Not thrown for bad input. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;
  private final String name;
  private final String remedy;
  private final boolean outOfMemory;

  /**
   * A failure other than a lack of memory.
   *
   * @param call the function that failed, with what identifies the work, such as {@code cuMemAlloc of 4096 bytes}
   * @param code what it returned
   * @param name the code's name, such as {@code CUDA_ERROR_OUT_OF_MEMORY}
   * @param remedy what to do
   */
  public DeviceException(String call, int code, String name, String remedy) {
    this(call, code, name, remedy, false);
  }

  private DeviceException(String call, int code, String name, String remedy, boolean outOfMemory) {
    super(call + " failed with code " + code + " (" + name + "); " + remedy);
    this.call = call;
    this.code = code;
    this.name = name;
    this.remedy = remedy;
    this.outOfMemory = outOfMemory;
  }

  /** A failure for lack of memory of the device or of the host; parameters as for the constructor. */
  public static DeviceException outOfMemory(String call, int code, String name, String remedy) {
    return new DeviceException(call, code, name, remedy, true);
  }

  /** The same failure with another call and remedy, for a caller that knows more of what was done. */
  public DeviceException with(String otherCall, String otherRemedy) {
    DeviceException other = new DeviceException(otherCall, code, name, otherRemedy, outOfMemory);
    other.initCause(this);
    return other;
  }

  /** Whether the device or the host lacked memory: the same work may succeed in smaller pieces. */
  public boolean isOutOfMemory() {
    return outOfMemory;
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
