package dev.temper.kernel.run;

import dev.temper.MatrixView;
import dev.temper.TopKLists;
import dev.temper.kernel.spec.TopKSpecialisation;
import dev.temper.spi.layout.TopKParameters;
import dev.temper.spi.layout.TopKParameters.Field;
import java.lang.foreign.Arena;

/**
 * A call that computes lists of the most probable classes.
 *
 * @param logits [rows, classes]
 * @param into the lists
 */
record TopKLaunch(MatrixView logits, TopKLists into) {

  /** The kernel for these logits. */
  TopKSpecialisation kernel() {
    return new TopKSpecialisation(logits.dtype());
  }

  /** Submits the call, and waits if the lists must be copied to the host. The stream lock is held. */
  void run(TopKSpecialisation kernel, Workspace workspace) {
    PlacedTensors tensors = new PlacedTensors(workspace);
    try (Arena arena = Arena.ofConfined()) {
      TopKParameters parameters = new TopKParameters(arena.allocate(TopKParameters.LAYOUT));
      parameters.write(logits, into);
      parameters.set(Field.LOGITS, tensors.input("logits", logits));
      parameters.set(Field.IDS, tensors.output("teacher_ids", into.ids().values()));
      parameters.set(Field.LOG_PROBS, tensors.output("teacher_log_probs", into.logProbabilities()));
      parameters.set(Field.LOG_SUM_EXP, tensors.output("teacher_lse", into.logSumExp()));
      parameters.set(Field.MASS, tensors.output("teacher_mass", into.mass()));
      parameters.set(Field.LOG_TAIL, tensors.output("teacher_log_tail", into.logTail()));
      tensors.run(kernel, parameters.block(), kernel.plan().blocks(logits.rows()), kernel.sharedBytes());
    }
  }
}
