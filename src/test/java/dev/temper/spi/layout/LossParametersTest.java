package dev.temper.spi.layout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LossParametersTest {

  private static final LossInputs INPUTS = LossInputs.of(new DeviceMatrix(1, 30, 100, 128, DType.BF16))
      .withTeacher(Teacher.logits(new DeviceMatrix(2, 30, 104, 112, DType.F32)))
      .withLabels(RowVector.labelsAt(4, 30, DType.I32)).withGradientScale(0.5);

  @Test
  void carriesTheCall() {
    DistillationLoss loss = DistillationLoss.builder().divergence(Divergence.jensenShannon(0.25)).temperature(2)
        .softWeight(0.7)
        .hardWeight(0.3).ignoreIndex(-1).build();
    MemorySegment block = write(loss, INPUTS);
    assertThat(number(block, "rows")).isEqualTo(30);
    assertThat(number(block, "student_stride")).isEqualTo(128);
    assertThat(number(block, "teacher_stride")).isEqualTo(112);
    assertThat(number(block, "gradient_stride")).isEqualTo(100);
    assertThat(number(block, "ignore_index")).isEqualTo(-1);
    assertThat(number(block, "classes")).isEqualTo(96);
    assertThat(number(block, "gradient_width")).isEqualTo(100);
    assertThat(number(block, "label_bytes")).isEqualTo(4);
    assertThat(number(block, "temperature_scaling")).isEqualTo(1);
    assertThat(number(block, "gradient_scale")).isEqualTo(0.5);
    assertThat(number(block, "soft_weight")).isEqualTo(0.7);
    assertThat(number(block, "hard_weight")).isEqualTo(0.3);
    assertThat(number(block, "temperature")).isEqualTo(2f);
    assertThat(number(block, "divergence_parameter")).isEqualTo(0.25f);
    assertThat(number(block, "divergence_complement")).isEqualTo(0.75f);
  }

  @Test
  void onlyTheMeanOverCountedRowsIsDividedByWhatTheDeviceCounts() {
    assertThat(divisor(Reduction.MEAN, INPUTS)).isEqualTo("1 30.0");
    assertThat(divisor(Reduction.MEAN, INPUTS.withDenominator(77))).isEqualTo("0 77.0");
    assertThat(divisor(Reduction.BATCH_MEAN, INPUTS)).isEqualTo("0 30.0");
    assertThat(divisor(Reduction.BATCH_MEAN, INPUTS.withDenominator(77))).isEqualTo("0 77.0");
    assertThat(divisor(Reduction.SUM, INPUTS)).isEqualTo("0 1.0");
    assertThat(divisor(Reduction.NONE, INPUTS)).isEqualTo("0 1.0");
  }

  @Test
  void primitivesCarryTheirFields() {
    try (Arena arena = Arena.ofConfined()) {
      PrimitiveParameters parameters = new PrimitiveParameters(arena.allocate(PrimitiveParameters.LAYOUT));
      parameters.write(PrimitiveParameters.Primitive.LOG_SOFTMAX_BACKWARD, new DeviceMatrix(1, 3, 10, 20, DType.BF16),
          0.5, new DeviceMatrix(2, 3, 10, 30, DType.F32), new DeviceMatrix(3, 3, 12, 40, DType.F16), null);
      Map<String, Object> expected = Map.of("rows", 3L, "input_stride", 20L, "upstream_stride", 30L, "output_stride",
          40L, "classes", 10, "output_width", 12, "input_dtype", 2, "output_dtype", 1, "primitive", 2, "temperature",
          0.5f);
      expected.forEach((name, value) -> assertThat(
          PrimitiveParameters.LAYOUT.varHandle(PathElement.groupElement(name)).get(parameters.block(), 0L))
          .as(name).isEqualTo(value));
    }
  }

  @Test
  void statusNamesTheFirstBadRow() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(BatchStatus.LAYOUT);
      assertThat(BatchStatus.read(block).badLabel()).isEmpty();
      block.setAtIndex(ValueLayout.JAVA_LONG, 0, ~0L);
      block.setAtIndex(ValueLayout.JAVA_LONG, 2, ~41L);
      block.setAtIndex(ValueLayout.JAVA_LONG, 3, ~7L);
      block.setAtIndex(ValueLayout.JAVA_LONG, 4, ~3L);
      block.setAtIndex(ValueLayout.JAVA_LONG, 5, 17);
      BatchStatus status = BatchStatus.read(block);
      assertThat(status.badLabel()).hasValue(0);
      assertThat(status.badWeight()).isEmpty();
      assertThat(status.badTemperature()).hasValue(41);
      assertThat(status.badTeacher()).hasValue(7);
      assertThat(status.badMass()).hasValue(3);
      assertThat(status.labelledRows()).isEqualTo(17);
    }
  }

  @Test
  void totalsOfNoReductionAreNoNumbers() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(BatchReport.LAYOUT);
      block.setAtIndex(ValueLayout.JAVA_DOUBLE, 6, 3);
      block.setAtIndex(ValueLayout.JAVA_DOUBLE, 9, -2);
      block.setAtIndex(ValueLayout.JAVA_LONG, 10, 5);
      assertThat(BatchReport.totals(block, Reduction.SUM, 9).total()).isEqualTo(3);
      assertThat(BatchReport.totals(block, Reduction.NONE, 9).total()).isNaN();
      assertThat(BatchReport.totals(block, Reduction.NONE, 9).countedRows()).isEqualTo(5);
      assertThat(BatchReport.temperatureGradient(block)).isEqualTo(-2);
      assertThat(BatchTotals.ofNothing(Reduction.SUM, 9)).isEqualTo(LossTotals.of(0, 0, 0, 9, 0, 0));
      assertThat(BatchTotals.ofNothing(Reduction.NONE, 9).total()).isNaN();
    }
  }

  private static String divisor(Reduction reduction, LossInputs inputs) {
    MemorySegment block = write(DistillationLoss.builder().reduction(reduction).build(), inputs);
    return number(block, "soft_divisor_kind") + " " + number(block, "soft_divisor");
  }

  private static MemorySegment write(DistillationLoss loss, LossInputs inputs) {
    MemorySegment block = Arena.ofAuto().allocate(LossParameters.LAYOUT);
    LossOutputs outputs = LossOutputs.gradient(new DeviceMatrix(3, 30, 100, 100, DType.F32));
    new LossParameters(block).write(new LossCall(loss, inputs, outputs, 96, null, null));
    return block;
  }

  private static Object number(MemorySegment block, String field) {
    Object value = LossParameters.LAYOUT.varHandle(PathElement.groupElement(field)).get(block, 0L);
    return value instanceof Long l && l == l.intValue() ? (Object) l.intValue() : value;
  }
}
