import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Random;

/**
 * Trains a network with one hidden layer to match a larger network. Both are plain arrays.
 *
 * <p>Run: java --enable-native-access=ALL-UNNAMED -cp temper.jar examples/Mlp.java
 */
final class Mlp {

  static final int ROWS = 128;
  static final int FEATURES = 16;
  static final int CLASSES = 10;
  static final int STEPS = 300;
  static final float LEARNING_RATE = 0.3f;

  final int hidden;
  final float[] inner;                            // [features, hidden]
  final float[] outer;                            // [hidden, classes]
  final float[] activations;                      // [rows, hidden], of the last forward pass

  Mlp(int hidden, Random random) {
    this.hidden = hidden;
    inner = new float[FEATURES * hidden];
    outer = new float[hidden * CLASSES];
    activations = new float[ROWS * hidden];
    for (int i = 0; i < inner.length; i++) {
      inner[i] = (float) (random.nextGaussian() * Math.sqrt(2.0 / FEATURES));
    }
    for (int i = 0; i < outer.length; i++) {
      outer[i] = (float) (random.nextGaussian() * Math.sqrt(2.0 / hidden));
    }
  }

  public static void main(String[] args) {
    Random random = new Random(1);
    Mlp teacher = new Mlp(64, random);
    Mlp student = new Mlp(8, random);
    DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);

    float[] x = new float[ROWS * FEATURES];
    float[] teacherLogits = new float[ROWS * CLASSES];
    float[] logits = new float[ROWS * CLASSES];
    float[] gradient = new float[ROWS * CLASSES]; // each call replaces its content
    int[] labels = new int[ROWS];
    double first = Double.NaN;
    double last = Double.NaN;
    try (LossEngine engine = LossEngine.open("auto")) {
      for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < x.length; i++) {
          x[i] = (float) random.nextGaussian();
        }
        teacher.forward(x, teacherLogits);
        for (int row = 0; row < ROWS; row++) {
          labels[row] = best(teacherLogits, row);
        }
        student.forward(x, logits);
        LossInputs inputs = LossInputs.of(HostMatrix.of(logits, ROWS, CLASSES))
            .withTeacher(Teacher.logits(HostMatrix.of(teacherLogits, ROWS, CLASSES)))
            .withLabels(RowVector.labels(labels));
        LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(gradient, ROWS, CLASSES));
        LossTotals totals = engine.forwardBackward(loss, inputs, outputs).totals();
        student.backward(x, gradient);
        first = step == 0 ? totals.total() : first;
        last = totals.total();
      }
    }
    System.out.printf("loss %.3f at the first step, %.3f at the last%n", first, last);
  }

  /** Computes the logits, [rows, classes]. */
  void forward(float[] x, float[] logits) {
    for (int row = 0; row < ROWS; row++) {
      for (int h = 0; h < hidden; h++) {
        float sum = 0;
        for (int f = 0; f < FEATURES; f++) {
          sum += x[row * FEATURES + f] * inner[f * hidden + h];
        }
        activations[row * hidden + h] = Math.max(0, sum);
      }
      for (int c = 0; c < CLASSES; c++) {
        float sum = 0;
        for (int h = 0; h < hidden; h++) {
          sum += activations[row * hidden + h] * outer[h * CLASSES + c];
        }
        logits[row * CLASSES + c] = sum;
      }
    }
  }

  /** One step of gradient descent from the gradient with respect to the logits, [rows, classes]. */
  void backward(float[] x, float[] gradient) {
    float[] hiddenGradient = new float[ROWS * hidden];
    for (int row = 0; row < ROWS; row++) {
      for (int h = 0; h < hidden; h++) {
        for (int c = 0; c < CLASSES; c++) {
          hiddenGradient[row * hidden + h] += gradient[row * CLASSES + c] * outer[h * CLASSES + c];
        }
      }
    }
    for (int row = 0; row < ROWS; row++) {
      for (int h = 0; h < hidden; h++) {
        float active = activations[row * hidden + h];
        for (int c = 0; c < CLASSES; c++) {
          outer[h * CLASSES + c] -= LEARNING_RATE * active * gradient[row * CLASSES + c];
        }
        for (int f = 0; active > 0 && f < FEATURES; f++) {
          inner[f * hidden + h] -= LEARNING_RATE * x[row * FEATURES + f] * hiddenGradient[row * hidden + h];
        }
      }
    }
  }

  private static int best(float[] logits, int row) {
    int best = 0;
    for (int c = 1; c < CLASSES; c++) {
      best = logits[row * CLASSES + c] > logits[row * CLASSES + best] ? c : best;
    }
    return best;
  }
}
