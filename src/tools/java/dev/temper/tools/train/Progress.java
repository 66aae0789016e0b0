package dev.temper.tools.train;

/** Is told how far a run is. */
@FunctionalInterface
public interface Progress {

  /**
   * Called after every step.
   *
   * @param done work done, in units of equal time
   * @param total work of the whole run
   * @param note what is being done
   */
  void update(long done, long total, String note);
}
