package dev.temper.tools.train;

/** Adds up the work of a whole run for its progress line. */
final class WorkLog {

  private final Progress progress;
  private final long total;
  private long done;

  WorkLog(Progress progress, long total) {
    this.progress = progress;
    this.total = total;
  }

  void done(long units, String note) {
    done += units;
    progress.update(done, total, note);
  }
}
