package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on labels, and on a teacher where there is one. This is the file to copy: your own model, optimiser
 * and data replace {@link LanguageModel}, {@link Adam} and {@link WordBatches}.
 */
final class ModelTraining {

  private final LossEngine engine;
  private final int rows;
  private final TrainingObserver observer;

  ModelTraining(LossEngine engine, int rows, TrainingObserver observer) {
    this.engine = engine;
    this.rows = rows;
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
      Matrix gradient = Matrix.zeros(arena, rows, student.shape().vocabulary());
      LossOutputs outputs = LossOutputs.gradient(gradient.view())
          .withRowSoft(RowVector.losses(new float[rows]))
          .withRowHard(RowVector.losses(new float[rows]));

      boolean going = true;
      for (int step = 0; going && step < steps; step++) {
        long started = System.nanoTime();
        WordBatch batch = batches.next();
        LossInputs inputs = LossInputs.of(student.forward(batch).view()).withLabels(batch.labels());
        if (teacher != null) {
          inputs = inputs.withTeacher(teacher.of(batch));
        }

        long lossStarted = System.nanoTime();
        LossTotals totals = engine.forwardBackward(loss, inputs, outputs).totals();
        long lossNanos = System.nanoTime() - lossStarted;

        student.backward(batch, gradient);
        adam.step(learningRate * (steps - step) / steps);
        TrainingStep done = new TrainingStep(step + 1, totals, System.nanoTime() - started, lossNanos);
        going = observer.stepped(done, loss, inputs, outputs);
      }
    }
  }
}
