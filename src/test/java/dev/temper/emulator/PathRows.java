package dev.temper.emulator;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Reduction;
import dev.temper.RowPaths;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Rows at the limits of the fast path, each with the path that it must take. */
enum PathRows {
  /** Ordinary rows, at offsets far from 0 too. */
  ORDINARY(DistillationLoss.hinton(2, 0.7), RowPaths.FAST) {
    @Override
    void fill(float[] z, float[] u, int row) {
      shift(z, row == 0 ? 0 : -1_000);
      shift(u, row == 0 ? 0 : row == 1 ? 10_000 : -10_000);
    }
  },
  /** A temperature at which a few logits are thousands of exponent bits, and maxima that come late. */
  SHARP(soft(0.01), RowPaths.FAST) {
    @Override
    void fill(float[] z, float[] u, int row) {
      z[z.length - 1 - row] = 20;
      u[u.length - 9 - row] = 20;
    }
  },
  /** Finite logits whose exponents overflow. */
  OVERFLOWING(soft(1e-6), RowPaths.EXACT_SHIFT) {
    @Override
    void fill(float[] z, float[] u, int row) {
      Arrays.fill(z, -3e38f);
      Arrays.fill(u, -1);
      z[row] = u[row] = 0;
      z[row + 1] = 0;
    }
  },
  /** Classes that only the teacher has, without raw sums that would show them. */
  ABSENT_FOR_STUDENT(soft(2).toBuilder().divergence(Divergence.jensenShannon(0.3)).build(), RowPaths.EXACT_SHIFT) {
    @Override
    void fill(float[] z, float[] u, int row) {
      z[20 + row] = Float.NEGATIVE_INFINITY;
    }
  },
  /** A student without some classes, over whose present ones a label is smoothed. */
  SMOOTHED(DistillationLoss.builder().softWeight(0).hardWeight(1).labelSmoothing(0.1).reduction(Reduction.SUM).build(),
      RowPaths.EXACT_SHIFT) {
    @Override
    void fill(float[] z, float[] u, int row) {
      z[20 + row] = Float.NEGATIVE_INFINITY;
    }
  },
  /** A softcap, which would turn an infinite logit into a finite one. */
  CAPPED(soft(2).toBuilder().softcap(5).build(), RowPaths.EXACT_SHIFT) {
    @Override
    void fill(float[] z, float[] u, int row) {
      z[20 + row] = u[20 + row] = Float.NEGATIVE_INFINITY;
    }
  },
  /** Distributions that are 120 nats apart in every class. */
  FAR_APART(soft(1).toBuilder().divergence(Divergence.negativeLogAcceptance()).build(), RowPaths.FAR) {
    @Override
    void fill(float[] z, float[] u, int row) {
      for (int i = 0; i < z.length; i++) {
        z[i] += i % 2 == 0 ? 120 : 0;
        u[i] += i % 2 == 0 ? 0 : 120;
      }
    }
  },
  /** Rows without the label's class in their sums, which needs no other path. */
  DECOUPLED(DistillationLoss.hinton(2, 0.7).toBuilder().divergence(Divergence.dkd(1, 8)).build(), RowPaths.FAST) {
    @Override
    void fill(float[] z, float[] u, int row) {
      z[row == 0 ? 0 : row == 1 ? 1_500 : 7] += 60;  // the label of the row, far above the maximum of the others
    }
  },
  /** Nearly equal distributions. */
  NEARLY_EQUAL(DistillationLoss.hinton(2, 0.7), RowPaths.NEAR_EQUAL) {
    @Override
    void fill(float[] z, float[] u, int row) {
      for (int i = 0; i < z.length; i++) {
        z[i] = u[i] + (i % 7 - 3) * 1e-3f;
      }
    }
  };

  private static final int ROWS = 3;
  /** Rows start at every misalignment, and end within a vector. */
  private static final int CLASSES = 1_501;

  @SuppressWarnings("ImmutableEnumChecker") // a loss is immutable, but not annotated so
  private final DistillationLoss loss;
  private final int path;

  PathRows(DistillationLoss loss, int path) {
    this.loss = loss;
    this.path = path;
  }

  private static DistillationLoss soft(double temperature) {
    return DistillationLoss.builder().temperature(temperature).reduction(Reduction.SUM).build();
  }

  private static void shift(float[] logits, float by) {
    for (int i = 0; i < logits.length; i++) {
      logits[i] += by;
    }
  }

  /** Changes the random logits of a row. */
  abstract void fill(float[] z, float[] u, int row);

  /** Computes the rows, and returns the differences from the reference and from the expected path. */
  List<String> findings(LossEngine engine) {
    Random random = new Random(3);
    float[] student = new float[ROWS * CLASSES];
    float[] teacher = new float[ROWS * CLASSES];
    for (int row = 0; row < ROWS; row++) {
      float[] z = logits(random);
      float[] u = logits(random);
      fill(z, u, row);
      FloatBuffer.wrap(student).put(row * CLASSES, z);
      FloatBuffer.wrap(teacher).put(row * CLASSES, u);
    }
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, ROWS, CLASSES)).withLabels(RowVector.labels(0, 1_500, 7));
    inputs = loss.softWeight() > 0 ? inputs.withTeacher(Teacher.logits(HostMatrix.of(teacher, ROWS, CLASSES))) : inputs;
    List<String> findings = new ArrayList<>();
    int[] paths = RowPaths.of(engine, loss, inputs);
    if (Arrays.stream(paths).anyMatch(taken -> taken != path)) {
      findings.add(this + " takes the paths " + Arrays.toString(paths) + ", expected " + path);
    }
    try (LossEngine reference = LossEngine.open("reference")) {
      float[][] found = compute(engine, inputs);
      float[][] expected = compute(reference, inputs);
      for (int output = 0; output < found.length; output++) {
        compare(found[output], expected[output], output, findings);
      }
    }
    return findings;
  }

  private float[][] compute(LossEngine engine, LossInputs inputs) {
    float[][] outputs = {new float[ROWS], new float[ROWS], new float[ROWS * CLASSES]};
    engine.forwardBackward(loss, inputs, LossOutputs.gradient(HostMatrix.of(outputs[2], ROWS, CLASSES))
        .withRowSoft(RowVector.weights(outputs[0])).withRowHard(RowVector.weights(outputs[1]))).totals();
    return outputs;
  }

  /** Elements of a gradient may differ by 1e-5 of the row's largest, and values by 1e-5 of themselves. */
  private void compare(float[] found, float[] expected, int output, List<String> findings) {
    for (int row = 0; row < ROWS; row++) {
      int columns = found.length / ROWS;
      double largest = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        largest = Math.max(largest, Math.abs(expected[i]));
      }
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        if (!(Math.abs(found[i] - expected[i]) <= 1e-5 * largest)) {
          findings.add(this + " output " + output + " at " + i + " is " + found[i] + ", expected " + expected[i]);
          return;
        }
      }
    }
  }

  private static float[] logits(Random random) {
    float[] logits = new float[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      logits[i] = (float) random.nextGaussian() * 3;
    }
    return logits;
  }
}
