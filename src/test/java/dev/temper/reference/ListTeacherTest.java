package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Reduction;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.SoftValue;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests teachers that are given by lists of classes against the definition, differences and the dense teacher. */
class ListTeacherTest {

  private static final int CLASSES = 11;
  private static final int K = 4;
  private static final double T = 2.5;
  private static final float UNUSED = Float.NaN;

  private final SplittableRandom random = new SplittableRandom(5);
  private final double[] z = random.doubles(CLASSES, -3, 3).map(v -> (float) v).toArray();
  private final double[] p = ListDefinition.softmax(random.doubles(CLASSES, -3, 3).toArray(), T);
  private final int[] ids = {7, 0, 10, 3};

  static List<Arguments> forms() {
    List<Arguments> forms = new ArrayList<>();
    for (Tail tail : Tail.values()) {
      for (Divergence divergence : List.of(Divergence.forwardKl(), Divergence.reverseKl(),
          Divergence.jensenShannon(0.3))) {
        if (tail.allows(divergence)) {
          forms.add(Arguments.of(tail, divergence));
        }
      }
    }
    return forms;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void theValueIsThatOfTheDefinition(Tail tail, Divergence divergence) {
    float[] logs = logs(ids);
    double[] listed = IntStream.range(0, K).mapToDouble(i -> Math.exp(logs[i])).toArray();
    double expected =
        ListDefinition.value(divergence, tail, z, T, ids, listed, 1 - Arrays.stream(listed).sum());
    assertThat(value(loss(divergence), z, teacher(ids, logs, tail))).isCloseTo(expected, within(1e-12));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void theGradientIsTheDerivativeOfTheValue(Tail tail, Divergence divergence) {
    TopKTeacher teacher = teacher(ids, logs(ids), tail);
    DistillationLoss loss = loss(divergence);
    float[] gradient = gradient(loss, z, teacher);
    double step = 0x1p-8;
    double total = 0;
    for (int c = 0; c < CLASSES; c++) {
      double difference = 0;
      double[] weights = {1, -8, 8, -1};
      double[] steps = {-2, -1, 1, 2};
      for (int i = 0; i < 4; i++) {
        double[] moved = IntStream.range(0, CLASSES).mapToDouble(j -> Math.round(z[j] * 256) / 256.0).toArray();
        moved[c] += steps[i] * step;
        difference += weights[i] * value(loss, moved, teacher);
      }
      double[] rounded = IntStream.range(0, CLASSES).mapToDouble(j -> Math.round(z[j] * 256) / 256.0).toArray();
      double found = gradient(loss, rounded, teacher)[c];
      assertThat(found).as("class %d", c).isCloseTo(difference / (12 * step), within(2e-7));
      total += gradient[c];
    }
    assertThat(total).isCloseTo(0, within(1e-6));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aListOfAllClassesIsADenseTeacher(Tail tail, Divergence divergence) {
    int[] all = {4, 3, 2, 1, 0, 10, 9, 8, 7, 6, 5};
    float[] logs = logs(all);
    double[] dense = new double[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      dense[all[i]] = logs[i];
    }
    DistillationLoss loss = loss(divergence);
    Teacher expected = Teacher.logProbabilities(matrix(dense));
    Teacher given = teacher(all, logs, tail);
    assertThat(value(loss, z, given)).isCloseTo(value(loss, z, expected), within(1e-6));
    float[] ofList = gradient(loss, z, given);
    float[] ofDense = gradient(loss, z, expected);
    for (int c = 0; c < CLASSES; c++) {
      assertThat(ofList[c]).isCloseTo(ofDense[c], within(1e-6f));
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void unusedSlotsMayBeAnywhere(Tail tail, Divergence divergence) {
    float[] logs = logs(ids);
    int[] spreadIds = {-1, ids[0], -1, ids[1], ids[2], -1, ids[3], -1};
    float[] spread = {UNUSED, logs[0], 9, logs[1], logs[2], UNUSED, logs[3], 0};
    DistillationLoss loss = loss(divergence);
    TopKTeacher dense = teacher(ids, logs, tail);
    TopKTeacher sparse = teacher(spreadIds, spread, tail);
    assertThat(value(loss, z, sparse)).isEqualTo(value(loss, z, dense));
    assertThat(gradient(loss, z, sparse)).isEqualTo(gradient(loss, z, dense));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aRowWithoutSlotsIsZero(Tail tail, Divergence divergence) {
    TopKTeacher empty = teacher(new int[] {-1, -1}, new float[] {UNUSED, 0}, tail);
    assertThat(value(loss(divergence), z, empty)).isZero();
    assertThat(gradient(loss(divergence), z, empty)).containsOnly(0);
  }

  @Test
  void theLogarithmOfTheTailKeepsPeakedRowsApart() {
    float[] peaked = {-1e-9f, -25, -26, -27};
    double[] confident = z.clone();
    confident[ids[0]] = 40;
    TopKTeacher without = teacher(ids, peaked, Tail.BUCKET);
    TopKTeacher with = without.withLogTail(RowVector.weights(-22f));
    double tail = Math.exp(-22);
    double expected = ListDefinition.value(Divergence.forwardKl(), Tail.BUCKET, confident, T, ids,
        IntStream.range(0, K).mapToDouble(i -> Math.exp(peaked[i])).toArray(), tail);
    assertThat(value(loss(Divergence.forwardKl()), confident, with)).isCloseTo(expected, within(1e-14));
    assertThat(value(loss(Divergence.reverseKl()), confident, with)).isFinite();
    float[] noTail = {0, Float.NEGATIVE_INFINITY, -1, -1};
    TopKTeacher full = teacher(new int[] {7, 0, -1, -1}, noTail, Tail.BUCKET);
    assertThat(value(loss(Divergence.reverseKl()), z, full)).isEqualTo(Double.POSITIVE_INFINITY);
    float[] gradient = gradient(loss(Divergence.reverseKl()), z, full);
    for (int c = 0; c < CLASSES; c++) {
      assertThat(gradient[c]).isEqualTo(c == 7 ? Float.NEGATIVE_INFINITY : Float.POSITIVE_INFINITY);
    }
  }

  @Test
  void aClassThatTheStudentLacksMakesTheForwardKlInfiniteAndKeepsTheGradientFinite() {
    double[] without = z.clone();
    without[ids[1]] = Double.NEGATIVE_INFINITY;
    for (Tail tail : List.of(Tail.TRUNCATE, Tail.RENORMALISE_TEACHER, Tail.BUCKET, Tail.RENORMALISE_BOTH)) {
      TopKTeacher teacher = teacher(ids, logs(ids), tail);
      assertThat(value(loss(Divergence.forwardKl()), without, teacher)).isEqualTo(Double.POSITIVE_INFINITY);
      for (float g : gradient(loss(Divergence.forwardKl()), without, teacher)) {
        assertThat(g).isFinite();
      }
    }
  }

  @Test
  void listsAtAnotherTemperatureAreTemperedOnTheirClasses() {
    double[] logits = random.doubles(CLASSES, -3, 3).toArray();
    double[] atOne = ListDefinition.softmax(logits, 1);
    float[] logs = new float[K];
    double[] tempered = new double[K];
    for (int i = 0; i < K; i++) {
      logs[i] = (float) Math.log(atOne[ids[i]]);
      tempered[i] = Math.exp(logs[i] / T);
    }
    for (Tail tail : List.of(Tail.RENORMALISE_TEACHER, Tail.RENORMALISE_BOTH)) {
      double expected = ListDefinition.value(Divergence.forwardKl(), tail, z, T, ids, tempered, 0);
      TopKTeacher teacher = teacher(ids, logs, tail).atTemperature(1);
      assertThat(value(loss(Divergence.forwardKl()), z, teacher)).isCloseTo(expected, within(1e-12));
    }
  }

  @Test
  void sampledClassesHaveWeightsOfAnySum() {
    float[] weights = {3, 0, 1.5f, 2};
    DistillationLoss loss = loss(Divergence.forwardKl());
    Teacher sampled = Teacher.sampled(IdMatrix.of(ids, 1, K), HostMatrix.of(weights, 1, K));
    double[] given = IntStream.range(0, K).mapToDouble(i -> weights[i]).toArray();
    assertThat(value(loss, z, sampled))
        .isCloseTo(ListDefinition.value(loss.divergence(), Tail.TRUNCATE, z, T, ids, given, 0), within(1e-12));
    double[] q = ListDefinition.softmax(z, T);
    float[] gradient = gradient(loss, z, sampled);
    for (int i = 0; i < K; i++) {
      assertThat(gradient[ids[i]]).isCloseTo((float) (T * (6.5 * q[ids[i]] - weights[i])), within(1e-6f));
    }
  }

  @ParameterizedTest
  @EnumSource(Tail.class)
  void entropiesAreOfTheDistributionsThatAreCompared(Tail tail) {
    float[] logs = logs(ids);
    double[] q = ListDefinition.softmax(z, T);
    double[] teacher = IntStream.range(0, K).mapToDouble(i -> Math.exp(logs[i])).toArray();
    double listed = Arrays.stream(teacher).sum();
    double own = Arrays.stream(ids).mapToDouble(id -> q[id]).sum();
    double expectedTeacher = switch (tail) {
      case TRUNCATE -> entropy(teacher);
      case RENORMALISE_TEACHER, RENORMALISE_BOTH ->
          entropy(Arrays.stream(teacher).map(v -> v / listed).toArray());
      case BUCKET -> entropy(teacher) + entropy(1 - listed);
    };
    double expectedStudent = switch (tail) {
      case TRUNCATE, RENORMALISE_TEACHER -> entropy(q);
      case RENORMALISE_BOTH -> entropy(Arrays.stream(ids).mapToDouble(id -> q[id] / own).toArray());
      case BUCKET -> entropy(Arrays.stream(ids).mapToDouble(id -> q[id]).toArray()) + entropy(1 - own);
    };
    TopKTeacher lists = teacher(ids, logs, tail);
    DistillationLoss loss = loss(Divergence.forwardKl());
    assertThat(output(loss, lists, RowOutput.TEACHER_ENTROPY)).isCloseTo(expectedTeacher, within(1e-6));
    assertThat(output(loss, lists, RowOutput.STUDENT_ENTROPY)).isCloseTo(expectedStudent, within(1e-6));
    assertThat(output(loss, lists, RowOutput.TEACHER_MASS)).isCloseTo(listed, within(1e-6));
    assertThat(output(loss, lists, RowOutput.STUDENT_MASS)).isCloseTo(own, within(1e-6));
    DistillationLoss crossEntropy = loss.toBuilder().softValue(SoftValue.CROSS_ENTROPY).build();
    assertThat(value(crossEntropy, z, lists))
        .isCloseTo(value(loss, z, lists) + T * T * expectedTeacher, within(1e-6));
  }

  private static double entropy(double... p) {
    return -Arrays.stream(p).map(v -> v == 0 ? 0 : v * Math.log(v)).sum();
  }

  private float[] logs(int... classes) {
    float[] logs = new float[classes.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(p[classes[i]]);
    }
    return logs;
  }

  private static TopKTeacher teacher(int[] ids, float[] logs, Tail tail) {
    return Teacher.topK(IdMatrix.of(ids, 1, ids.length), HostMatrix.of(logs, 1, logs.length), tail);
  }

  private static DistillationLoss loss(Divergence divergence) {
    return DistillationLoss.builder().divergence(divergence).temperature(T).reduction(Reduction.SUM).build();
  }

  private static HostMatrix matrix(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return HostMatrix.of(floats, 1, values.length);
  }

  private static double value(DistillationLoss loss, double[] z, Teacher teacher) {
    return ReferenceLoss.compute(loss, LossInputs.of(matrix(z)).withTeacher(teacher), LossOutputs.none(),
        (_, _, _) -> { }).total();
  }

  private double output(DistillationLoss loss, Teacher teacher, RowOutput output) {
    double[] found = new double[1];
    ReferenceLoss.compute(loss, LossInputs.of(matrix(z)).withTeacher(teacher), LossOutputs.none(),
        (_, values, _) -> found[0] = values.applyAsDouble(output));
    return found[0];
  }

  private static float[] gradient(DistillationLoss loss, double[] z, Teacher teacher) {
    float[] found = new float[z.length];
    ReferenceLoss.compute(loss, LossInputs.of(matrix(z)).withTeacher(teacher), LossOutputs.none(),
        (_, _, gradient) -> {
          for (int c = 0; c < found.length; c++) {
            found[c] = (float) gradient[c];
          }
        });
    return found;
  }
}
