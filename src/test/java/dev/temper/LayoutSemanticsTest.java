package dev.temper;

import static dev.temper.Batch.UNWRITTEN;
import static dev.temper.Outcome.assertRow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.reference.Elements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests memory layouts: padding, strides, dtypes, gradients in place and backward from statistics. A failing call must
 * write nothing.
 */
class LayoutSemanticsTest extends EachDevice {

  private static final DistillationLoss BOTH = DistillationLoss.hinton(2, 0.75);
  private static final double BOUND = lossBound(4, 5, 2);

  private static final float[] Z = row(1, 2, 0, -1.5);
  private static final float[] Y = row(2, 1, 0.5, 3);
  private static final float[] X = row(-1, 0.25, 1, 0);
  private static final Batch TWO = Batch.student(Z, X).teacher(Y, Z).labels(3, 1);

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void valuesInPaddingColumnsNeverMatterAndTheirGradientIsZero() {
    DistillationLoss padded = BOTH.toBuilder().numClasses(4).build();
    Batch batch = Batch.student(row(1, 2, 0, -1.5, Float.NaN, 1e30), row(-1, 0.25, 1, 0, Float.POSITIVE_INFINITY, 7))
        .teacher(row(2, 1, 0.5, 3, Float.NaN), row(1, 2, 0, -1.5, 1e30))
        .labels(3, 1);
    Outcome outcome = run(padded, batch);
    Outcome plain = run(BOTH, TWO);
    for (int i = 0; i < 2; i++) {
      assertRow(outcome, i, plain, i, BOUND);
      assertThat(outcome.gradient()[i][4]).isZero();
      assertThat(outcome.gradient()[i][5]).isZero();
    }
    assertThat(outcome.totals().nonFiniteRows()).isZero();
  }

  @Test
  void eachTensorHasItsOwnRowStrideAndWhatLiesBetweenRowsIsLeftAlone() {
    Outcome plain = run(BOTH, TWO);
    HostMatrix student = strided(7, Z, X);
    HostMatrix gradient = strided(9, new float[4], new float[4]);
    LossInputs inputs = TWO.inputs(arena).withStudent(student).withTeacher(Teacher.logits(strided(5, Y, Z)));
    engine().forwardBackward(BOTH, inputs, LossOutputs.gradient(gradient)).totals();
    for (int row = 0; row < 2; row++) {
      double[] whole = Batch.values(HostMatrix.of(gradient.segment(), 2, 9, DType.F32))[row];
      for (int i = 0; i < 4; i++) {
        Outcome.assertNear("gradient", whole[i], plain.gradient()[row][i], BOUND);
      }
      assertThat(Arrays.copyOfRange(whole, 4, 9)).containsOnly(UNWRITTEN);
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, F32", "BF16, BF16", "BF16, F32", "F16, F16", "F16, F32"})
  void theGradientIsRoundedOnceToItsDtype(DType student, DType gradient) {
    Outcome outcome = run(BOTH, TWO.types(student, gradient)); // The literals are exact in every dtype.
    Outcome f32 = run(BOTH, TWO);
    double halfUlp = switch (gradient) {
      case BF16 -> 0x1p-8;
      case F16 -> 0x1p-11;
      default -> 0;
    };
    for (int i = 0; i < 4; i++) {
      double expected = f32.gradient()[0][i];
      Outcome.assertNear("gradient", outcome.gradient()[0][i], expected, BOUND + halfUlp * Math.abs(expected));
      assertThat(Elements.round(outcome.gradient()[0][i], gradient)).isEqualTo(outcome.gradient()[0][i]);
    }
  }

  @Test
  void studentAndTeacherHaveTheirOwnDtypes() {
    Teacher teacher = TWO.types(DType.F16, DType.F32).inputs(arena).teacher();
    LossInputs inputs = TWO.types(DType.BF16, DType.F32).inputs(arena).withTeacher(teacher);
    Outcome outcome = TWO.run(engine(), BOTH, inputs);
    Outcome plain = run(BOTH, TWO);
    assertRow(outcome, 0, plain, 0, BOUND);
    assertRow(outcome, 1, plain, 1, BOUND);
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "BF16", "F16"})
  void inPlaceGivesTheBitsOfOutOfPlace(DType dtype) {
    LossInputs inputs = TWO.types(dtype, dtype).inputs(arena);
    Outcome expected = TWO.types(dtype, dtype).run(engine(), BOTH, inputs);
    LossTotals totals = engine().forwardBackward(BOTH, inputs, LossOutputs.gradientInPlace(inputs.student())).totals();
    assertThat(totals).isEqualTo(expected.totals());
    assertThat(Batch.values((HostMatrix) inputs.student())).isDeepEqualTo(expected.gradient());
  }

  @Test
  void forwardAloneGivesTheSameLosses() {
    LossInputs inputs = TWO.inputs(arena);
    Outcome expected = TWO.run(engine(), BOTH, inputs);
    float[] soft = Batch.filled(2);
    LossTotals totals = engine().forward(BOTH, inputs, LossOutputs.none().withRowSoft(RowVector.losses(soft))).totals();
    Outcome.assertNear("total", totals.total(), expected.totals().total(), BOUND);
    Outcome.assertNear("soft", soft[1], expected.soft()[1], BOUND);
    assertThat(totals.countedRows()).isEqualTo(2);
  }

  @Test
  void backwardFromSavedStatisticsGivesTheGradient() {
    Batch batch = Batch.student(Z, X, Y, Z).teacher(Y, Z, Y, row(Float.NaN, 1, 2, 3)).labels(3, 1, 0, -100)
        .weights(1, 2, 3, 4);
    LossInputs inputs = batch.inputs(arena);
    Outcome expected = batch.run(engine(), BOTH, inputs);
    RowStatistics statistics = engine().allocateStatistics(4);
    HostMatrix gradient = Batch.filled(arena, 4, 4, DType.F32);
    engine().forward(BOTH, inputs, LossOutputs.none().withStatistics(statistics)).totals();
    engine().backward(BOTH, inputs, statistics, LossOutputs.gradient(gradient));
    for (int row = 0; row < 4; row++) {
      for (int i = 0; i < 4; i++) {
        Outcome.assertNear("gradient", Batch.values(gradient)[row][i], expected.gradient()[row][i], 3 * BOUND);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 4, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void aBadLabelIsNamedWithItsRowAndNothingIsWritten(int label) {
    for (double hardWeight : new double[] {0, 1}) {
      DistillationLoss loss = BOTH.toBuilder().hardWeight(hardWeight).numClasses(4).build();
      Batch batch = Batch.student(row(1, 2, 0, 1, 9), row(0, 1, 0, 1, 9), row(0, 0, 0, 0, 9)).teacher(Y, X, Z)
          .labels(0, label, -7);
      assertRefusedWithNothingWritten(loss, batch, "labels: row 1 has label " + label, "expected 0 to 3");
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void aBadRowWeightIsNamedWithItsRowAndNothingIsWritten(float weight) {
    assertRefusedWithNothingWritten(BOTH, TWO.weights(1, weight), "row_weights: row 1 has weight " + weight,
        "expected a finite number");
  }

  @ParameterizedTest
  @ValueSource(floats = {0, -1, 9e-7f, 1.1e6f, 1e24f, Float.NaN, Float.POSITIVE_INFINITY})
  void aBadRowTemperatureIsNamedWithItsRowAndNothingIsWritten(float temperature) {
    assertRefusedWithNothingWritten(
        BOTH, TWO.temperatures(1, temperature), "row_temperatures: row 1 has temperature " + temperature,
        "from 1e-6 to 1e6");
  }

  private void assertRefusedWithNothingWritten(DistillationLoss loss, Batch batch, String... words) {
    LossInputs inputs = batch.inputs(arena);
    double[][] student = Batch.values((HostMatrix) inputs.student());
    float[] soft = Batch.filled(student.length);
    HostMatrix gradient = Batch.filled(arena, student.length, inputs.student().classes(), DType.F32);
    LossOutputs apart = LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(soft));
    for (LossOutputs outputs : new LossOutputs[] {apart, LossOutputs.gradientInPlace(inputs.student())}) {
      assertThatThrownBy(() -> engine().forwardBackward(loss, inputs, outputs).totals())
          .isExactlyInstanceOf(LossArgumentException.class)
          .hasMessageContainingAll(words);
    }
    assertThat(soft).containsOnly(UNWRITTEN);
    for (double[] row : Batch.values(gradient)) {
      assertThat(row).containsOnly(UNWRITTEN);
    }
    assertThat(Batch.values((HostMatrix) inputs.student())).isDeepEqualTo(student);
  }

  private HostMatrix strided(int stride, float[]... rows) {
    MemorySegment segment = arena.allocate((long) rows.length * stride * Float.BYTES, 64);
    segment.copyFrom(MemorySegment.ofArray(Batch.filled((long) rows.length * stride)));
    for (int row = 0; row < rows.length; row++) {
      MemorySegment.copy(MemorySegment.ofArray(rows[row]), 0, segment, (long) row * stride * Float.BYTES,
          rows[row].length * 4L);
    }
    return new HostMatrix(segment, rows.length, rows[0].length, stride, DType.F32);
  }
}
