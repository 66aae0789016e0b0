import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Arrays;
import java.util.Random;

/**
 * Trains a language model with logits [batch, sequence, vocabulary], shifted labels, gradient accumulation over several
 * micro-batches, and one denominator for all of them. The model is a table with one row of logits for each word.
 *
 * <p>Run: java --enable-native-access=ALL-UNNAMED -cp temper.jar examples/Sequences.java
 */
final class Sequences {

  static final int BATCH = 4;
  static final int LENGTH = 16;
  static final int VOCABULARY = 50;
  static final int ROWS = BATCH * LENGTH;
  static final int MICRO_BATCHES = 3;
  static final int STEPS = 200;
  static final float LEARNING_RATE = 20;

  public static void main(String[] args) {
    Random random = new Random(1);
    float[] teacherTable = new float[VOCABULARY * VOCABULARY];
    for (int i = 0; i < teacherTable.length; i++) {
      teacherTable[i] = (float) (2 * random.nextGaussian());
    }
    float[] table = new float[VOCABULARY * VOCABULARY];
    double first = Double.NaN;
    double last = Double.NaN;
    try (LossEngine engine = LossEngine.open("auto")) {
      for (int step = 0; step < STEPS; step++) {
        last = step(engine, table, teacherTable, random);
        first = step == 0 ? last : first;
      }
    }
    System.out.printf("loss %.3f at the first step, %.3f at the last%n", first, last);
  }

  /** Makes one step over several micro-batches. Returns the loss per counted token of all micro-batches. */
  static double step(LossEngine engine, float[] table, float[] teacherTable, Random random) {
    DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);
    int[][] tokens = new int[MICRO_BATCHES][];
    int[][] labels = new int[MICRO_BATCHES][];
    long counted = 0;
    for (int micro = 0; micro < MICRO_BATCHES; micro++) {
      tokens[micro] = tokens(teacherTable, random);
      labels[micro] = shifted(tokens[micro]);
      counted += Arrays.stream(labels[micro]).filter(label -> label >= 0).count();
    }
    float[] tableGradient = new float[table.length];
    float[] gradient = new float[ROWS * VOCABULARY];
    double total = 0;
    for (int micro = 0; micro < MICRO_BATCHES; micro++) {
      // The denominator is the number of counted tokens in all micro-batches. Their losses and gradients thus add up.
      LossInputs inputs = LossInputs.of(HostMatrix.of(rows(table, tokens[micro]), ROWS, VOCABULARY))
          .withTeacher(Teacher.logits(HostMatrix.of(rows(teacherTable, tokens[micro]), ROWS, VOCABULARY)))
          .withLabels(RowVector.labels(labels[micro]))
          .withDenominator(counted);
      LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(gradient, ROWS, VOCABULARY));
      LossTotals totals = engine.forwardBackward(loss, inputs, outputs).totals();
      total += totals.total();
      // Each call overwrites the gradient with respect to the logits. The gradient with respect to the table is the sum
      // over the micro-batches.
      for (int row = 0; row < ROWS; row++) {
        for (int c = 0; c < VOCABULARY; c++) {
          tableGradient[tokens[micro][row] * VOCABULARY + c] += gradient[row * VOCABULARY + c];
        }
      }
    }
    for (int i = 0; i < table.length; i++) {
      table[i] -= LEARNING_RATE * tableGradient[i];
    }
    return total;
  }

  // @start region="shift"
  /** The label of a position is the next token of its sequence; the last position has none. */
  static int[] shifted(int[] tokens) {
    int[] labels = new int[ROWS];                 // logits [batch, sequence, vocabulary] are [batch * sequence] rows
    for (int row = 0; row < ROWS; row++) {
      boolean last = row % LENGTH == LENGTH - 1;
      labels[row] = last ? (int) DistillationLoss.DEFAULT_IGNORE_INDEX : tokens[row + 1];
    }
    return labels;
  }
  // @end

  /** Sequences in which two of three tokens are the teacher's favourite after the token before. */
  private static int[] tokens(float[] teacherTable, Random random) {
    int[] tokens = random.ints(ROWS, 0, VOCABULARY).toArray();
    for (int row = 1; row < ROWS; row++) {
      if (random.nextInt(3) > 0) {
        int before = tokens[row - 1] * VOCABULARY;
        int best = 0;
        for (int c = 1; c < VOCABULARY; c++) {
          best = teacherTable[before + c] > teacherTable[before + best] ? c : best;
        }
        tokens[row] = best;
      }
    }
    return tokens;
  }

  /** The model: a row of the table for each token. */
  private static float[] rows(float[] table, int[] tokens) {
    float[] logits = new float[tokens.length * VOCABULARY];
    for (int row = 0; row < tokens.length; row++) {
      System.arraycopy(table, tokens[row] * VOCABULARY, logits, row * VOCABULARY, VOCABULARY);
    }
    return logits;
  }
}
