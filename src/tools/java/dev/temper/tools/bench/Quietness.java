package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Disturbances of a measurement by other work on the machine. Shares are relative to the time of all cores, and NaN on
 * systems that do not report them.
 *
 * @param spinBefore time of the slowest core over that of the fastest, for the same arithmetic on all cores, before the
 *     measurement
 * @param spinAfter the same ratio after the measurement
 * @param stolen share of time that the hypervisor gave to other machines
 * @param others share of time of other processes
 */
public record Quietness(double spinBefore, double spinAfter, double stolen, double others) {

  /**
   * Limit of the ratio. A core shared with one other process has a ratio of 2; frequency steps stay below the limit.
   */
  private static final double SPIN_LIMIT = 1.15;

  /** Limit of a share, because 2 % of the time visibly delay a barrier of two threads. */
  private static final double SHARE_LIMIT = 0.02;

  /** Whether no disturbance was found; only then may the measurements be shown. */
  public boolean quiet() {
    return disturbances().isEmpty();
  }

  /** One phrase for each disturbance. */
  public List<String> disturbances() {
    List<String> found = new ArrayList<>();
    if (spinBefore > SPIN_LIMIT) {
      found.add(String.format(Locale.ROOT, "a core was %.2f times slower than another before", spinBefore));
    }
    if (spinAfter > SPIN_LIMIT) {
      found.add(String.format(Locale.ROOT, "a core was %.2f times slower than another after", spinAfter));
    }
    if (stolen > SHARE_LIMIT) {
      found.add(String.format(Locale.ROOT, "the hypervisor took %.1f %% of the time", 100 * stolen));
    }
    if (others > SHARE_LIMIT) {
      found.add(String.format(Locale.ROOT, "other processes took %.1f %% of the time", 100 * others));
    }
    return found;
  }
}
