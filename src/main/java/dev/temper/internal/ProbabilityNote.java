package dev.temper.internal;

import dev.temper.HostMatrix;
import dev.temper.Teacher;
import dev.temper.spi.HostRows;
import dev.temper.spi.LossCall;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Warns, at most once in a process, if the logits of a teacher look like probabilities. The softmax of probabilities is
 * nearly uniform, so the student would learn almost nothing. Only one row of the first teacher in host memory is read.
 */
final class ProbabilityNote {

  private static final AtomicBoolean DONE = new AtomicBoolean();

  /** Largest distance from 1 of the sum of probabilities that were rounded to 16 bits. */
  private static final double TOLERANCE = 0.01;

  private ProbabilityNote() {}

  /** Checks the first teacher of the process that is given by logits in host memory. */
  static void look(LossCall call) {
    Teacher teacher = call.usesTeacher() ? call.inputs().teacher() : null;
    if (teacher instanceof Teacher.Logits logits && logits.matrix() instanceof HostMatrix host && host.rows() > 0
        && !DONE.getAndSet(true)
        && looksLikeProbabilities(host, call.classes())) {
      System.getLogger("dev.temper").log(System.Logger.Level.WARNING, "the teacher's first row lies in [0, 1] and"
          + " sums to 1, as probabilities do, but it was given as logits; give the logits, or the logarithms of the"
          + " probabilities");
    }
  }

  private static boolean looksLikeProbabilities(HostMatrix teacher, int classes) {
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      float value = HostRows.element(teacher, 0, i);
      if (!(value >= 0 && value <= 1)) {
        return false;
      }
      sum += value;
    }
    return classes > 1 && Math.abs(sum - 1) <= TOLERANCE;
  }
}
