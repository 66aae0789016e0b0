package dev.temper;

/**
 * Whether a kind of device can be used on this machine.
 *
 * @param usable whether it can
 * @param description one sentence: what would be used, or what is missing
 */
public record Availability(boolean usable, String description) {

  /** Usable, with what would be used. */
  public static Availability usable(String description) {
    return new Availability(true, description);
  }

  /** Not usable, with what is missing. */
  public static Availability missing(String reason) {
    return new Availability(false, reason);
  }
}
