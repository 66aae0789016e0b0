package dev.temper;

/**
 * A failure of a device, with the call, its error code, the code's name and a remedy. Invalid input throws {@link
 * IllegalArgumentException} instead.
 */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;
  private final String name;
  private final String remedy;
  private final boolean outOfMemory;

  /**
   * Creates an exception for a failure other than a lack of memory.
   *
   * @param call the function that failed, with what identifies the work, such as {@code cuMemAlloc of 4096 bytes}
   * @param code the error code that the function returned
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

  /**
   * Returns an exception for a lack of memory on the device or the host. The parameters are those of the constructor.
   */
  public static DeviceException outOfMemory(String call, int code, String name, String remedy) {
    return new DeviceException(call, code, name, remedy, true);
  }

  /** Returns an exception for the same failure with another call and remedy, for callers with more context. */
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

  /** The error code that the function returned. */
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
