package dev.temper.kernel.plan;

/**
 * A compute capability.
 *
 * @param major generation, such as 9
 * @param minor 0 to 9
 */
public record Architecture(int major, int minor) implements Comparable<Architecture> {

  /** The architecture with NVRTC's number: 90 is 9.0, 120 is 12.0. */
  public static Architecture ofNumber(int number) {
    return new Architecture(number / 10, number % 10);
  }

  /** NVRTC's number: 90 is 9.0. */
  public int number() {
    return 10 * major + minor;
  }

  /** The real architecture, such as {@code sm_90}, whose machine code the device runs. */
  public String real() {
    return "sm_" + number();
  }

  /** The virtual architecture, such as {@code compute_90}, whose PTX the driver translates. */
  public String virtual() {
    return "compute_" + number();
  }

  @Override
  public int compareTo(Architecture other) {
    return Integer.compare(number(), other.number());
  }

  /** The compute capability as in NVIDIA's tables, such as {@code 9.0}. */
  @Override
  public String toString() {
    return major + "." + minor;
  }
}
