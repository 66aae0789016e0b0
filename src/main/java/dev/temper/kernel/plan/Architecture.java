package dev.temper.kernel.plan;

/**
 * A compute capability.
 *
 * @param major generation, such as 9
 * @param minor 0 to 9
 */
public record Architecture(int major, int minor) implements Comparable<Architecture> {

  /** From NVRTC's way of writing it: 90 is 9.0, 120 is 12.0. */
  public static Architecture ofNumber(int number) {
    return new Architecture(number / 10, number % 10);
  }

  /** NVRTC's way of writing it. */
  public int number() {
    return 10 * major + minor;
  }

  /** The real architecture, such as {@code sm_90}: code for it runs as it is. */
  public String real() {
    return "sm_" + number();
  }

  /** The virtual architecture, such as {@code compute_90}: the driver translates what is compiled for it. */
  public String virtual() {
    return "compute_" + number();
  }

  @Override
  public int compareTo(Architecture other) {
    return Integer.compare(number(), other.number());
  }

  /** As NVIDIA's tables have it, such as {@code 9.0}. */
  @Override
  public String toString() {
    return major + "." + minor;
  }
}
