package dev.temper;

/**
 * Whether a kind of device can be used on this machine.
 *
 * @param usable whether an engine can be opened on the device
 * @param description one sentence: what would be used, or what is missing
 */
public record Availability(boolean usable, String description) {

  /** Returns a usable device, with a description of what would be used. */
  public static Availability usable(String description) {
    return new Availability(true, description);
  }

  /** Returns a device that cannot be used, with a description of what is missing. */
  public static Availability missing(String reason) {
    return new Availability(false, reason);
  }
}
