package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.HeadWorkspace;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on labels, and on a teacher if there is one. Copy this file for training of your own: your model,
 * optimiser and data replace {@link LanguageModel}, {@link Adam} and {@link WordBatches}.
 */
final class ModelTraining {

  private final LossEngine engine;
  private final int rows;
  private final TrainPlan.Head head;
  private final TrainingObserver observer;

  ModelTraining(LossEngine engine, int rows, TrainPlan.Head head, TrainingObserver observer) {
    this.engine = engine;
    this.rows = rows;
    this.head = head;
    this.observer = observer;
  }

  /**
   * Trains for {@code steps} steps, or until the observer ends the training. The learning rate falls in a straight line
   * from {@code learningRate} to 0.
   */
  void train(
      LanguageModel student,
      @Nullable BatchTeacher teacher,
      DistillationLoss loss,
      WordBatches batches,
      int steps,
      double learningRate) {
    try (Arena arena = Arena.ofShared()) {
      Adam adam = new Adam(student.parameters(), arena);
      StudentStep form = head == TrainPlan.Head.FUSED ? new HiddenStep(student)
          : new LogitsStep(student, Matrix.zeros(arena, rows, student.shape().vocabulary()));
      LossOutputs outputs = form.outputs()
          .withRowSoft(RowVector.losses(new float[rows]))
          .withRowHard(RowVector.losses(new float[rows]));

      boolean going = true;
      for (int step = 0; going && step < steps; step++) {
        long started = System.nanoTime();
        WordBatch batch = batches.next();
        LossInputs inputs = form.forward(batch).withLabels(batch.labels());
        if (teacher != null) {
          inputs = inputs.withTeacher(teacher.of(batch));
        }

        long lossStarted = System.nanoTime();
        LossResult result = engine.forwardBackward(loss, inputs, outputs);
        LossTotals totals = result.totals();
        long lossNanos = System.nanoTime() - lossStarted;

        long watched = System.nanoTime();
        observer.computed(step + 1, totals, loss, inputs, outputs);
        started += System.nanoTime() - watched; // Watching is no part of the step.

        form.backward(batch);
        adam.step(learningRate * (steps - step) / steps);
        TrainingStep done = new TrainingStep(step + 1, totals, System.nanoTime() - started, lossNanos,
            result.workspace().map(HeadWorkspace::bytes).orElse(2 * inputs.student().byteSize())
                + teacherBytes(inputs));
        going = observer.stepped(done);
      }
    }
  }

  /** Bytes of the logits of a teacher that is given by them. */
  private static long teacherBytes(LossInputs inputs) {
    return inputs.teacher() instanceof Teacher.Logits logits ? logits.matrix().byteSize() : 0;
  }
}
