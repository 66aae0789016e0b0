package dev.temper.tools.verify;

/** How much of the grid runs; each level contains the ones before it. */
public enum Level {
  /** A few seconds: every group, small sizes. */
  QUICK,
  /** Well under a minute on two cores. */
  DEFAULT,
  /** Everything, the largest sizes with every dtype. */
  FULL;

  boolean contains(Level other) {
    return other.compareTo(this) <= 0;
  }
}
