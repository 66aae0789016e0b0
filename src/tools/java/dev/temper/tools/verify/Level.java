package dev.temper.tools.verify;

/** The size of the grid; each level contains the smaller ones. */
public enum Level {
  /** Small sizes of almost every group; a few seconds. */
  QUICK,
  /** All but the largest sizes; less than a minute on two cores. */
  DEFAULT,
  /** The largest sizes with every dtype too. */
  FULL;

  boolean contains(Level other) {
    return other.compareTo(this) <= 0;
  }
}
