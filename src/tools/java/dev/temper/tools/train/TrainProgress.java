package dev.temper.tools.train;

/** Receives the progress of a run. */
@FunctionalInterface
public interface TrainProgress {

  /**
   * Called after every step.
   *
   * @param done work done, in units of equal time
   * @param total work of the whole run
   * @param note the current step in words
   */
  void update(long done, long total, String note);
}
