package dev.temper.tools.train;

/** Adds up the work of a whole run for its progress line. */
final class WorkLog {

  private final TrainProgress progress;
  private final long total;
  private long done;

  WorkLog(TrainProgress progress, long total) {
    this.progress = progress;
    this.total = total;
  }

  void done(long units, String note) {
    done += units;
    progress.update(done, total, note);
  }
}
