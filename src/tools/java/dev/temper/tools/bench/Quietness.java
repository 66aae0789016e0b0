package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How much else went on while something was measured. Shares are of the time of all cores; NaN where the system does not
 * tell them.
 *
 * @param spinBefore slowest core over fastest for the same arithmetic on all cores at once, before the measurement
 * @param spinAfter the same afterwards
 * @param stolen share that the hypervisor gave to other machines
 * @param others share that other processes used
 */
public record Quietness(double spinBefore, double spinAfter, double stolen, double others) {

  /** A core that shares its time with one other process spins at twice the time; frequency steps stay below this. */
  private static final double SPIN_LIMIT = 1.15;

  /** One core in fifty of two: enough to stretch a barrier of two threads visibly. */
  private static final double SHARE_LIMIT = 0.02;

  /** Whether the numbers may be shown to anyone. */
  public boolean quiet() {
    return disturbances().isEmpty();
  }

  /** What disturbed the measurement, one phrase each. */
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
