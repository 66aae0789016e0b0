package dev.temper.tools.gpucheck;

import java.util.Locale;

/** Parts of the check that can be run apart; the limits of a stage's steps add up to less than ten minutes. */
public enum Stage {
  /** Is it worth going on? */
  SMOKE,
  /** The whole grid, and equal bits in equal runs. */
  CORRECTNESS,
  /** Memory errors and races, by compute-sanitizer. */
  SANITIZE,
  /** Copy rate, losses and launches, timed. */
  SPEED,
  /** Every way of spreading rows over the device, timed. */
  PLANS,
  /** PyTorch on the same numbers. */
  PEERS;

  /** Name on the command line. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
