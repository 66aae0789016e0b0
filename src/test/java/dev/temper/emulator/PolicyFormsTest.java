package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.emulator.GenericPolicy.Gradient;
import dev.temper.emulator.GenericPolicy.Value;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests rows of the CUDA sources with every value form and every gradient form, together with the cross-entropy. */
@Execution(ExecutionMode.CONCURRENT)
final class PolicyFormsTest {

  private static final int ROWS = 2;
  private static final int CLASSES = 1_500;
  private static final int TEMPERATURE = 2;
  private static final double SOFT = 0.75;
  private static final double HARD = 0.25;

  static Stream<GenericPolicy> policies() {
    Stream<GenericPolicy> fast = Stream.of(Value.values())
        .flatMap(value -> Stream.of(Gradient.values()).map(gradient -> new GenericPolicy(value, gradient, false)));
    Stream<GenericPolicy> near = Stream.of(Value.RAW_SUMS, Value.CLASSES)
        .flatMap(value -> Stream.of(Gradient.LINEAR, Gradient.BOTH)
            .map(gradient -> new GenericPolicy(value, gradient, true)));
    return Stream.concat(fast, near);
  }

  @ParameterizedTest
  @MethodSource("policies")
  void valueAndGradientAgreeWithF64(GenericPolicy policy) {
    Emulator.assumeUsable();
    Random random = new Random(5);
    float[] student = logits(random);
    float[] teacher = logits(random);
    float[] soft = new float[ROWS];
    float[] gradient = new float[ROWS * CLASSES];
    DistillationLoss loss = DistillationLoss.builder().temperature(TEMPERATURE).softWeight(SOFT).hardWeight(HARD)
        .reduction(Reduction.SUM).build();
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, ROWS, CLASSES))
        .withTeacher(Teacher.logits(HostMatrix.of(teacher, ROWS, CLASSES))).withLabels(RowVector.labels(3, 1_499));
    try (Emulator emulator = Emulator.over(policy::source, "run-ahead")) {
      emulator.engine().forwardBackward(loss, inputs, LossOutputs.gradient(HostMatrix.of(gradient, ROWS, CLASSES))
          .withRowSoft(RowVector.weights(soft))).totals();
    }
    for (int row = 0; row < ROWS; row++) {
      check(policy, row, row(student, row), row(teacher, row), row == 0 ? 3 : 1_499, soft[row], row(gradient, row));
    }
  }

  private static void check(GenericPolicy policy, int row, float[] z, float[] u, int label, float soft,
      float[] gradient) {
    double[] q = softmax(z, TEMPERATURE);
    double[] p = softmax(u, TEMPERATURE);
    double[] r = softmax(z, 1);
    double d = policy.value(z, u, p, q);
    assertThat((double) soft).as(policy + " row " + row).isCloseTo(TEMPERATURE * TEMPERATURE * d, within(1e-5 * d));
    for (int i = 0; i < z.length; i++) {
      double part = policy.gradient(d, z[i], u[i], p[i], q[i]);
      double expected = SOFT * TEMPERATURE * part + HARD * (r[i] - (i == label ? 1 : 0));
      double scale = policy.gradient() == Gradient.ELEMENTWISE ? Math.abs(part) : p[i] + q[i] * 10;
      assertThat((double) gradient[i]).as(policy + " row " + row + " class " + i)
          .isCloseTo(expected, within(1e-5 * (scale + r[i]) + (i == label ? 1e-7 : 0)));
    }
  }

  private static float[] logits(Random random) {
    float[] logits = new float[ROWS * CLASSES];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (3 * random.nextGaussian()) + (i < CLASSES ? 0 : 50);
    }
    return logits;
  }

  private static float[] row(float[] matrix, int row) {
    return Arrays.copyOfRange(matrix, row * CLASSES, (row + 1) * CLASSES);
  }

  private static double[] softmax(float[] logits, double temperature) {
    double[] result = new double[logits.length];
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (int i = 0; i < result.length; i++) {
      result[i] = Math.exp((logits[i] - max) / temperature);
      sum += result[i];
    }
    for (int i = 0; i < result.length; i++) {
      result[i] /= sum;
    }
    return result;
  }
}
