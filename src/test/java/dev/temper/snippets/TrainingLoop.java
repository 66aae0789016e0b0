package dev.temper.snippets;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Random;

/** The training loop that README and Javadoc show: a linear student that learns from a teacher's logits. */
public final class TrainingLoop {

  private TrainingLoop() {}

  static float[] train(int steps, int rows, int features, int classes) {
    float[] weights = new float[features * classes];
    // @start region="loop"
    DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);        // T = 2; 0.7 on the teacher, 0.3 on the labels
    float[] logits = new float[rows * classes];
    float[] gradient = new float[rows * classes];
    float[] history = new float[steps];
    try (LossEngine engine = LossEngine.open("auto")) {
      for (int step = 0; step < steps; step++) {
        Batch batch = Batch.next(step, rows, features, classes);
        batch.forward(weights, logits);                               // your model
        LossInputs inputs = LossInputs.of(HostMatrix.of(logits, rows, classes))
            .withTeacher(Teacher.logits(HostMatrix.of(batch.teacherLogits, rows, classes)))
            .withLabels(RowVector.labels(batch.labels));
        LossTotals totals = engine
            .forwardBackward(loss, inputs, LossOutputs.gradient(HostMatrix.of(gradient, rows, classes)))
            .totals();
        batch.backward(gradient, weights, 0.5f);                      // your optimiser
        history[step] = (float) totals.total();                       // also: soft, hard, countedRows, nonFiniteRows
      }
    }
    // @end
    return history;
  }

  /** A batch, and the passes of the smallest model: one matrix. */
  private static final class Batch {
    private final float[] inputs;
    final float[] teacherLogits;
    final int[] labels;
    private final int features;
    private final int classes;

    private Batch(int rows, int features, int classes) {
      this.inputs = new float[rows * features];
      this.teacherLogits = new float[rows * classes];
      this.labels = new int[rows];
      this.features = features;
      this.classes = classes;
    }

    static Batch next(int step, int rows, int features, int classes) {
      Batch batch = new Batch(rows, features, classes);
      Random random = new Random(step);
      for (int i = 0; i < batch.inputs.length; i++) {
        batch.inputs[i] = (float) random.nextGaussian();
      }
      float[] truth = new float[features * classes];
      Random fixed = new Random(42);
      for (int i = 0; i < truth.length; i++) {
        truth[i] = (float) fixed.nextGaussian();
      }
      batch.forward(truth, batch.teacherLogits);
      for (int row = 0; row < rows; row++) {
        for (int c = 1; c < classes; c++) {
          if (batch.teacherLogits[row * classes + c] > batch.teacherLogits[row * classes + batch.labels[row]]) {
            batch.labels[row] = c;
          }
        }
      }
      return batch;
    }

    void forward(float[] weights, float[] logits) {
      for (int row = 0; row * features < inputs.length; row++) {
        for (int c = 0; c < classes; c++) {
          float sum = 0;
          for (int f = 0; f < features; f++) {
            sum += inputs[row * features + f] * weights[f * classes + c];
          }
          logits[row * classes + c] = sum;
        }
      }
    }

    void backward(float[] gradient, float[] weights, float learningRate) {
      for (int row = 0; row * features < inputs.length; row++) {
        for (int f = 0; f < features; f++) {
          for (int c = 0; c < classes; c++) {
            weights[f * classes + c] -= learningRate * inputs[row * features + f] * gradient[row * classes + c];
          }
        }
      }
    }
  }
}
