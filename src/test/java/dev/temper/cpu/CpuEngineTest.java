package dev.temper.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.RowStatistics;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CpuEngineTest {

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static LossEngine cpu;

  @BeforeAll
  static void open() {
    cpu = LossEngine.open("cpu");
  }

  @AfterAll
  static void close() {
    cpu.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 100, 5000})
  void bitsDoNotDependOnThreadsNorOnWhatElseRuns(int classes) throws InterruptedException {
    try (Arena arena = Arena.ofShared(); LossEngine serial = LossEngine.open("cpu", EngineOptions.defaults()
        .withThreads(1));
        LossEngine wide = LossEngine.open("cpu", EngineOptions.defaults().withThreads(5))) {
      StridedBatch batch = new StridedBatch(arena, classes, 300, classes, DType.F32, DType.BF16, 3);
      HostMatrix expected = StridedBatch.empty(arena, 300, classes, DType.F32);
      LossTotals totals = serial.forwardBackward(LOSS, batch.inputs(), LossOutputs.gradient(expected)).totals();
      List<String> failures = new ArrayList<>();
      Runnable repeat = () -> {
        try (Arena own = Arena.ofShared()) {
          HostMatrix gradient = StridedBatch.empty(own, 300, classes, DType.F32);
          for (int i = 0; i < 20; i++) {
            LossTotals again = wide.forwardBackward(LOSS, batch.inputs(), LossOutputs.gradient(gradient)).totals();
            if (!again.equals(totals) || gradient.segment().mismatch(expected.segment()) >= 0) {
              synchronized (failures) {
                failures.add(again + " instead of " + totals);
              }
            }
          }
        }
      };
      List<Thread> threads = List.of(new Thread(repeat), new Thread(repeat), new Thread(repeat));
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }

      assertThat(failures).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 40, 3000})
  void aRowHasTheSameBitsAloneAsInABatch(int classes) {
    try (Arena arena = Arena.ofConfined()) {
      StridedBatch batch = new StridedBatch(arena, 5, 37, classes, DType.F32, DType.F32, 3);
      LossInputs inputs = batch.inputs();
      DistillationLoss sum = LOSS.toBuilder().reduction(Reduction.SUM).build();
      HostMatrix all = StridedBatch.empty(arena, 37, classes, DType.F32);
      cpu.forwardBackward(sum, inputs, LossOutputs.gradient(all));
      for (int row = 0; row < 37; row++) {
        HostMatrix one = StridedBatch.empty(arena, 1, classes, DType.F32);
        cpu.forwardBackward(sum, LossInputs.of(only(batch.student, row))
            .withTeacher(Teacher.logits(only(batch.teacher, row)))
            .withLabels(RowVector.labels(batch.labels[row])), LossOutputs.gradient(one));

        assertThat(StridedBatch.row(one, 0)).isEqualTo(StridedBatch.row(all, row));
      }
    }
  }

  private static HostMatrix only(HostMatrix matrix, int row) {
    return matrix.rows(row, row + 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 3000})
  void aRowOfNanOrInfinityStaysAlone(int classes) {
    try (Arena arena = Arena.ofConfined()) {
      StridedBatch batch = new StridedBatch(arena, 3, 5, classes, DType.F32, DType.F16, 3);
      StridedBatch.set(batch.student, 1, classes - 1, Float.NaN);
      StridedBatch.set(batch.teacher, 2, 0, INFINITY);
      for (int c = 0; c < classes; c++) {
        StridedBatch.set(batch.teacher, 3, c, -INFINITY);
      }
      HostMatrix gradient = StridedBatch.empty(arena, 5, classes, DType.F32);
      float[] soft = new float[5];
      LossTotals totals = cpu.forwardBackward(LOSS, batch.inputs(), LossOutputs.gradient(gradient)
          .withRowSoft(RowVector.losses(soft))).totals();

      assertThat(totals.nonFiniteRows()).isEqualTo(3);
      assertThat(totals.total()).isNaN();
      for (int row = 0; row < 5; row++) {
        boolean nonFinite = row >= 1 && row <= 3;
        assertThat(Float.isNaN(soft[row])).isEqualTo(nonFinite);
        for (float value : StridedBatch.row(gradient, row)) {
          assertThat(Float.isNaN(value)).isEqualTo(nonFinite);
        }
      }
    }
  }

  @Test
  void absentClasses() {
    float[] student = {1, -INFINITY, 2, 0.5f, -INFINITY, 1};
    float[] teacher = {2, -INFINITY, -INFINITY, 1, 0.3f, 0.1f};
    float[] gradient = new float[6];
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, 2, 3))
        .withTeacher(Teacher.logits(HostMatrix.of(teacher, 2, 3))).withLabels(RowVector.labels(1, 1));
    float[] soft = new float[2];
    float[] hard = new float[2];
    LossTotals totals = cpu.forwardBackward(LOSS, inputs,
        LossOutputs.gradient(HostMatrix.of(gradient, 2, 3)).withRowSoft(RowVector.losses(soft))
        .withRowHard(RowVector.losses(hard))).totals();

    assertThat(soft[0]).isFinite().isPositive();
    assertThat(soft[1]).isEqualTo(INFINITY);
    assertThat(hard).containsExactly(INFINITY, INFINITY);
    assertThat(totals.nonFiniteRows()).isEqualTo(2);
    for (float value : gradient) {
      assertThat(value).isFinite();
    }
    assertThat(gradient[1]).isEqualTo(-0.3f / 2);
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "F16", "BF16"})
  void studentEqualToTeacherGivesExactlyNothing(DType type) {
    try (Arena arena = Arena.ofConfined()) {
      for (Divergence divergence : List.of(Divergence.forwardKl(), Divergence.jensenShannon(0.1))) {
        for (int classes : new int[] {1, 10, 100, 4000}) {
          StridedBatch batch = new StridedBatch(arena, classes, 3, classes, DType.BF16, type, 5);
          for (int row = 0; row < 3; row++) {
            for (int c = 0; c < classes; c++) {
              StridedBatch.set(batch.teacher, row, c, StridedBatch.get(batch.student, row, c));
              StridedBatch.set(batch.student, row, c, StridedBatch.get(batch.teacher, row, c));
              StridedBatch.set(batch.teacher, row, c, StridedBatch.get(batch.student, row, c));
            }
          }
          HostMatrix gradient = StridedBatch.empty(arena, 3, classes, DType.F32);
          DistillationLoss soft = DistillationLoss.builder().temperature(3).divergence(divergence).build();

          assertThat(cpu.forwardBackward(soft, batch.inputs(), LossOutputs.gradient(gradient)).total()).isEqualTo(0.0);
          assertThat(StridedBatch.row(gradient, 1)).containsOnly(0f);
        }
      }
    }
  }

  @Test
  void backwardRepeatsTheGradient() {
    try (Arena arena = Arena.ofConfined()) {
      StridedBatch batch = new StridedBatch(arena, 9, 6, 3000, DType.F16, DType.F32, 3);
      for (int c = 0; c < 3000; c++) {
        StridedBatch.set(batch.teacher, 2, c, StridedBatch.get(batch.student, 2, c) + 1e-3f * (c % 7));
      }
      RowStatistics statistics = cpu.allocateStatistics(6);
      HostMatrix fused = StridedBatch.empty(arena, 6, 3000, DType.F32);
      HostMatrix later = StridedBatch.empty(arena, 6, 3000, DType.F32);
      cpu.forwardBackward(LOSS, batch.inputs(), LossOutputs.gradient(fused));
      cpu.forward(LOSS, batch.inputs(), LossOutputs.none().withStatistics(statistics));
      cpu.backward(LOSS, batch.inputs(), statistics, LossOutputs.gradient(later));
      for (int row = 0; row < 6; row++) {
        for (int c = 0; c < 3000; c++) {
          float want = StridedBatch.get(fused, row, c);
          assertThat(Math.abs(StridedBatch.get(later, row, c) - want))
              .isLessThanOrEqualTo(4 * 0x1p-24f * Math.max(0.01f, Math.abs(want)));
        }
      }
    }
  }

  @Test
  void ignoredRowsPaddingAndPlace() {
    try (Arena arena = Arena.ofConfined()) {
      StridedBatch batch = new StridedBatch(arena, 1, 4, 50, DType.F32, DType.F32, 2);
      DistillationLoss loss = LOSS.toBuilder().numClasses(40).build();
      batch.labels[2] = -100;
      Arrays.setAll(batch.labels, row -> batch.labels[row] < 0 ? batch.labels[row] : batch.labels[row] % 40);
      for (int row = 0; row < 4; row++) {
        for (int c = 40; c < 50; c++) {
          StridedBatch.set(batch.student, row, c, Float.NaN);
          StridedBatch.set(batch.teacher, row, c, INFINITY);
        }
      }
      StridedBatch.set(batch.teacher, 2, 0, Float.NaN);
      HostMatrix apart = StridedBatch.empty(arena, 4, 50, DType.F32);
      LossTotals totals = cpu.forwardBackward(loss, batch.inputs(), LossOutputs.gradient(apart)).totals();
      LossTotals again = cpu.forwardBackward(loss, batch.inputs(), LossOutputs.gradientInPlace(batch.student)).totals();

      assertThat(totals.countedRows()).isEqualTo(3);
      assertThat(totals.total()).isFinite();
      assertThat(again).isEqualTo(totals);
      for (int row = 0; row < 4; row++) {
        assertThat(StridedBatch.row(batch.student, row)).isEqualTo(StridedBatch.row(apart, row));
        assertThat(Arrays.copyOfRange(StridedBatch.row(apart, row), 40, 50)).containsOnly(0f);
      }
      assertThat(StridedBatch.row(apart, 2)).containsOnly(0f);
    }
  }

  @Test
  void badRowsAreNamedBeforeAnythingIsWritten() {
    float[] logits = new float[6];
    float[] gradient = {5, 5, 5, 5, 5, 5};
    LossInputs inputs = LossInputs.of(HostMatrix.of(logits, 2, 3))
        .withTeacher(Teacher.logits(HostMatrix.of(logits, 2, 3)));
    LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(gradient, 2, 3));

    assertThatThrownBy(() -> cpu.forwardBackward(LOSS, inputs.withLabels(RowVector.labels(0L, 3L)), outputs).totals())
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("row 1 has label 3");
    LossInputs labelled = inputs.withLabels(RowVector.labels(0, 1));
    assertThatThrownBy(() -> cpu.forwardBackward(LOSS, labelled.withRowWeights(RowVector.weights(INFINITY, 1f)),
        outputs).totals())
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("row 0 has weight Infinity");
    assertThatThrownBy(() -> cpu.forwardBackward(LOSS, labelled.withRowTemperatures(RowVector.temperatures(1f, 0f)),
        outputs).totals())
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("row 1 has temperature 0.0");
    assertThat(gradient).containsOnly(5f);
  }

  @Test
  void inference() {
    float[] logits = {1, 3, 3, Float.NaN, 2, Float.NaN, -INFINITY, -INFINITY, -INFINITY, 0, -INFINITY, 0};
    float[] output = new float[12];
    int[] best = new int[4];
    HostMatrix matrix = HostMatrix.of(logits, 4, 3);
    cpu.argmax(matrix, RowVector.labels(best));
    cpu.softmax(matrix, HostMatrix.of(output, 4, 3));

    assertThat(best).containsExactly(1, 0, 0, 0);
    assertThat(Arrays.copyOfRange(output, 3, 9)).containsOnly(Float.NaN);
    assertThat(Arrays.copyOfRange(output, 9, 12)).containsExactly(0.5f, 0, 0.5f);
    cpu.logSoftmax(matrix, 2, HostMatrix.of(output, 4, 3));
    assertThat(output[10]).isEqualTo(-INFINITY);
    assertThat(output[9]).isEqualTo((float) -Math.log(2));
    cpu.logSoftmaxBackward(matrix, 2, HostMatrix.of(new float[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}, 4, 3),
        HostMatrix.of(output, 4, 3));
    assertThat(Arrays.copyOfRange(output, 9, 12)).containsExactly(-1, 1, 0);
  }
}
