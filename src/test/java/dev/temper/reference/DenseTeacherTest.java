package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the teachers with all classes: log-probabilities, probabilities, mixtures, selected rows and class maps. */
class DenseTeacherTest {

  private static final int ROWS = 3;
  private static final int CLASSES = 6;
  private static final double T = 2;

  private final LossEngine engine = LossEngine.open("reference");
  private final SplittableRandom random = new SplittableRandom(3);
  private final float[] student = logits(ROWS, CLASSES);
  private final float[] teacher = logits(ROWS, CLASSES);

  @AfterEach
  void close() {
    engine.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward-kl", "reverse-kl", "mixed:0.3", "jsd:0.4", "skew-forward-kl:0.1",
      "skew-reverse-kl:0.1", "tvd", "nla", "dkd:1,8"})
  void probabilitiesAtTheTemperatureAreTheTeacherOfTheirLogits(String divergence) {
    DistillationLoss loss = loss(divergence);
    Result expected = run(loss, Teacher.logits(matrix(teacher, CLASSES)));
    float[] logs = new float[teacher.length];
    float[] probabilities = new float[teacher.length];
    for (int row = 0; row < ROWS; row++) {
      double[] p = ListDefinition.softmax(row(teacher, row), T);
      for (int c = 0; c < CLASSES; c++) {
        logs[row * CLASSES + c] = (float) Math.log(p[c]);
        probabilities[row * CLASSES + c] = (float) p[c];
      }
    }
    assertClose(run(loss, Teacher.logProbabilities(matrix(logs, CLASSES))), expected);
    assertClose(run(loss, Teacher.probabilities(matrix(probabilities, CLASSES))), expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward-kl", "reverse-kl", "jsd:0.4", "tvd", "nla"})
  void aMixtureIsTheWeightedSumOfItsDistributions(String divergence) {
    DistillationLoss loss = loss(divergence);
    float[] second = logits(ROWS, CLASSES);
    float[] broken = new float[teacher.length];
    Arrays.fill(broken, Float.NaN);
    float[] probabilities = new float[teacher.length];
    for (int row = 0; row < ROWS; row++) {
      double[] a = ListDefinition.softmax(row(teacher, row), T);
      double[] b = ListDefinition.softmax(row(second, row), T);
      for (int c = 0; c < CLASSES; c++) {
        probabilities[row * CLASSES + c] = (float) (0.25 * a[c] + 0.75 * b[c]);
      }
    }
    Teacher mixture = Teacher.mixture(
        List.of(matrix(teacher, CLASSES), matrix(broken, CLASSES), matrix(second, CLASSES)), 0.25, 0, 0.75);
    assertClose(run(loss, mixture), run(loss, Teacher.probabilities(matrix(probabilities, CLASSES))));
  }

  @Test
  void standardisedTeachersOfAMixtureAreStandardisedEach() {
    DistillationLoss loss = loss("forward-kl").toBuilder().standardise(true).build();
    float[] scaled = new float[teacher.length];
    for (int i = 0; i < teacher.length; i++) {
      scaled[i] = 3 * teacher[i] + 1;
    }
    Teacher mixture = Teacher.mixture(List.of(matrix(teacher, CLASSES), matrix(scaled, CLASSES)), 0.5, 0.5);
    assertClose(run(loss, mixture), run(loss, Teacher.logits(matrix(teacher, CLASSES))));
    Teacher flat = Teacher.mixture(List.of(matrix(teacher, CLASSES), matrix(new float[18], CLASSES)), 0.5, 0.5);
    assertThat(run(loss, flat).total).isZero();
  }

  @Test
  void severalRowsMayShareOneRowOfTheTeacher() {
    float[] two = logits(2, CLASSES);
    float[] repeated = new float[teacher.length];
    int[] index = {1, 0, 1};
    for (int row = 0; row < ROWS; row++) {
      System.arraycopy(two, index[row] * CLASSES, repeated, row * CLASSES, CLASSES);
    }
    DistillationLoss loss = loss("reverse-kl");
    Teacher selected = Teacher.rowIndex(HostMatrix.of(two, 2, CLASSES), RowVector.labels(index));
    assertThat(run(loss, selected).total).isEqualTo(run(loss, Teacher.logits(matrix(repeated, CLASSES))).total);
  }

  @Test
  void aClassMapComparesTheMappedColumnsAlone() {
    int[] map = {4, -1, 0, 7, 2, 5};
    float[] wide = logits(ROWS, 8);
    float[] narrow = new float[teacher.length];
    double[] outside = new double[ROWS];
    for (int row = 0; row < ROWS; row++) {
      int from = row * 8;
      double[] all = IntStream.range(0, 8).mapToDouble(c -> wide[from + c]).toArray();
      double[] p = ListDefinition.softmax(all, T);
      outside[row] = p[1] + p[3] + p[6];
      for (int c = 0; c < CLASSES; c++) {
        narrow[row * CLASSES + c] = map[c] < 0 ? Float.NEGATIVE_INFINITY : wide[row * 8 + map[c]];
      }
    }
    DistillationLoss loss = loss("jsd:0.5");
    Teacher mapped = Teacher.classMap(HostMatrix.of(wide, ROWS, 8), RowVector.labels(map));
    assertThat(run(loss, mapped).total).isEqualTo(run(loss, Teacher.logits(matrix(narrow, CLASSES))).total);
    float[] found = new float[ROWS];
    engine.forward(loss, inputs(mapped), LossOutputs.none().withRow(RowOutput.UNMAPPED_MASS, RowVector.losses(found)));
    for (int row = 0; row < ROWS; row++) {
      assertThat((double) found[row]).isCloseTo(outside[row], within(1e-7));
    }
  }

  @Test
  void aRowWithAnotherMassIsNamedAndBecomesNan() {
    float[] logs = new float[teacher.length];
    for (int row = 0; row < ROWS; row++) {
      double[] p = ListDefinition.softmax(row(teacher, row), T);
      for (int c = 0; c < CLASSES; c++) {
        logs[row * CLASSES + c] = (float) (Math.log(p[c]) + (row == 1 ? 0.01 : 0));
      }
    }
    float[] gradient = new float[student.length];
    LossOutputs outputs = LossOutputs.gradient(matrix(gradient, CLASSES));
    assertThatThrownBy(() -> engine.forwardBackward(loss("forward-kl"),
        inputs(Teacher.logProbabilities(matrix(logs, CLASSES))), outputs))
        .hasMessageContainingAll("teacher: row 1 has the mass 1.01", "expected 1", "log-probabilities");
    assertThat(gradient[0]).isFinite();
    assertThat(gradient[CLASSES]).isNaN();
    float[] probabilities = {0.5f, 0.5f, 0, 0, 0, 0, 0.5f, 0.25f, 0.25f, 0, 0, 0, 0.75f, 0.5f, -0.25f, 0, 0, 0};
    assertThatThrownBy(() -> run(loss("forward-kl"), Teacher.probabilities(matrix(probabilities, CLASSES))))
        .hasMessageContaining("teacher: row 2, column 2 has the probability -0.25");
  }

  @SuppressWarnings("ArrayRecordComponent") // compared element by element
  private record Result(double total, float[] gradient) {}

  private static void assertClose(Result found, Result expected) {
    assertThat(found.total).isCloseTo(expected.total, within(2e-6));
    for (int i = 0; i < expected.gradient.length; i++) {
      assertThat(found.gradient[i]).isCloseTo(expected.gradient[i], within(2e-6f));
    }
  }

  private Result run(DistillationLoss loss, Teacher given) {
    float[] gradient = new float[student.length];
    double total = engine.forwardBackward(loss, inputs(given), LossOutputs.gradient(matrix(gradient, CLASSES)))
        .total();
    return new Result(total, gradient);
  }

  private LossInputs inputs(Teacher given) {
    return LossInputs.of(matrix(student, CLASSES)).withTeacher(given).withLabels(RowVector.labels(0, 4, 2));
  }

  private static DistillationLoss loss(String divergence) {
    return DistillationLoss.builder().divergence(Divergence.parse(divergence)).temperature(T).build();
  }

  private static HostMatrix matrix(float[] values, int classes) {
    return HostMatrix.of(values, ROWS, classes);
  }

  private static double[] row(float[] values, int row) {
    return IntStream.range(0, CLASSES).mapToDouble(c -> values[row * CLASSES + c]).toArray();
  }

  private float[] logits(int rows, int classes) {
    float[] values = new float[rows * classes];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-3, 3);
    }
    return values;
  }
}
