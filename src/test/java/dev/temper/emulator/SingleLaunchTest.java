package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.RowStatistics;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.kernel.spec.LossSpecialisation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests loss kernels that also check the rows and write the report, without the check and totals kernels. */
final class SingleLaunchTest {

  private static final int ROWS = 600;
  /** The plan of such rows has a block for each row, and is persistent. */
  private static final int CLASSES = 1_100;
  private static final int IGNORED = -100;
  private static final String CAPABILITY = "8.0";
  private static final DistillationLoss HARD = DistillationLoss.builder().softWeight(0).hardWeight(0.6).build();

  @BeforeAll
  static void requireCompiler() {
    Emulator.assumeUsable();
  }

  @ParameterizedTest
  @ValueSource(strings = {"8.0", "9.0"})
  void aCallLaunchesOneKernel(String capability) {
    DeviceBatch batch = new DeviceBatch(40, 7_000, 5);
    try (Emulator emulator = Emulator.of(capability)) {
      DeviceBatch.Bits first = batch.onDevice(emulator.engine());
      assertThat(batch.onDevice(emulator.engine()).same(first)).isTrue();
      assertThat(emulator.launched()).hasOnlyElementsOfType(LossSpecialisation.class);
      assertThat(first.totals().countedRows()).isEqualTo(40);
    }
  }

  /** Four parts of the totals; a plan without prefetch is not persistent and has a check and a totals kernel. */
  @Test
  void totalsHaveTheBitsOfTheTotalsKernel() {
    int rows = 12_500;
    Random random = new Random(3);
    float[] student = new float[rows * CLASSES];
    float[] weights = new float[rows];
    int[] labels = new int[rows];
    Arrays.fill(labels, IGNORED);
    for (int row = 0; row < rows; row++) {
      weights[row] = random.nextFloat(0.1f, 10);
      if (random.nextInt(10) == 0) {
        labels[row] = random.nextInt(CLASSES);
        student[row * CLASSES + labels[row]] = random.nextFloat(20);
      }
    }
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, rows, CLASSES)).withLabels(RowVector.labels(labels))
        .withRowWeights(RowVector.weights(weights));
    LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(new float[student.length], rows, CLASSES));
    try (Emulator emulator = Emulator.of(CAPABILITY)) {
      LossEngine engine = emulator.engine();
      LossTotals single = engine.forwardBackward(HARD, inputs, outputs).totals();
      assertThat(emulator.launched()).hasSize(1);
      String plan = engine.diagnostics().plans(HARD, inputs, outputs).getFirst() + "-no-prefetch";
      try (PreparedLoss prepared = engine.diagnostics().prepare(HARD, inputs, outputs, plan)) {
        prepared.launch();
        assertThat(single).isEqualTo(prepared.totals());
      }
      assertThat(emulator.launched()).hasSize(4);
      assertThat(single.total()).isPositive();
    }
  }

  @Test
  void nothingIsWrittenIfAValueIsInvalid() {
    DeviceBatch batch = new DeviceBatch(ROWS, CLASSES, 5);
    float[] values = new float[ROWS];
    Arrays.fill(values, 1);
    try (Emulator emulator = Emulator.of(CAPABILITY);
        DeviceBatch.Buffers buffers = batch.new Buffers(emulator.engine());
        DeviceBuffer vector = emulator.engine().allocate(4 * ROWS)) {
      LossEngine engine = emulator.engine();
      values[ROWS - 2] = Float.NaN;
      vector.upload(MemorySegment.ofArray(values));
      assertRefused(engine, buffers, buffers.inputs().withRowWeights(vector.weights(ROWS)), "row 598 has weight NaN");
      values[ROWS - 2] = 1;
      values[401] = 0;
      vector.upload(MemorySegment.ofArray(values));
      assertRefused(engine, buffers, buffers.inputs().withRowTemperatures(vector.temperatures(ROWS)),
          "row 401 has temperature 0");
      assertRefused(engine, buffers, buffers.inputs().withHardDenominator(Denominator.at(vector.address() + 4 * 401)),
          "hardDenominator in memory is 0.0");
      values[401] = 8;
      vector.upload(MemorySegment.ofArray(values));
      LossInputs divided = buffers.inputs().withHardDenominator(Denominator.at(vector.address() + 4 * 401))
          .withRowWeights(vector.weights(ROWS));
      LossTotals totals = engine.forwardBackward(HARD, divided, buffers.outputs()).totals();
      assertThat(engine.forwardBackward(HARD, divided.withHardDenominator(Denominator.of(8)), buffers.outputs())
          .totals()).isEqualTo(totals);
      assertThat(emulator.launched()).hasOnlyElementsOfType(LossSpecialisation.class);
    }
  }

  private static void assertRefused(LossEngine engine, DeviceBatch.Buffers buffers, LossInputs inputs,
      String message) {
    buffers.ofGradient.upload(MemorySegment.ofArray(new byte[4 * ROWS * CLASSES]));
    assertThatThrownBy(() -> engine.forwardBackward(HARD, inputs, buffers.outputs()).totals())
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    MemorySegment gradient = buffers.gradient();
    assertThat(gradient.mismatch(MemorySegment.ofArray(new byte[4 * ROWS * CLASSES]))).isEqualTo(-1);
  }

  /** A backward pass has no totals; its report holds errors only. */
  @Test
  void aBackwardPassChecksItsRows() {
    int rows = 20;
    DeviceBatch batch = new DeviceBatch(rows, CLASSES, 6);
    try (Emulator emulator = Emulator.of(CAPABILITY);
        DeviceBatch.Buffers buffers = batch.new Buffers(emulator.engine());
        RowStatistics statistics = emulator.engine().allocateStatistics(rows)) {
      LossEngine engine = emulator.engine();
      DeviceBatch.Bits expected = batch.onDevice(engine);
      engine.forward(DeviceBatch.LOSS, buffers.inputs(), LossOutputs.none().withStatistics(statistics)).totals();
      int[] labels = batch.labels.clone();
      labels[17] = CLASSES;
      buffers.ofLabels.upload(MemorySegment.ofArray(labels));
      assertThatThrownBy(() -> engine.backward(DeviceBatch.LOSS, buffers.inputs(), statistics, buffers.outputs()))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("row 17 has label 1100");
      buffers.ofLabels.upload(MemorySegment.ofArray(batch.labels));
      engine.backward(DeviceBatch.LOSS, buffers.inputs(), statistics, buffers.outputs());
      assertThat(buffers.gradient().mismatch(expected.gradient())).isEqualTo(-1);
    }
  }

  /** A single launch does not check the integers of a teacher, such as its row indices. */
  @Test
  void otherChecksHaveTheirKernel() {
    DeviceBatch batch = new DeviceBatch(4, CLASSES, 7);
    try (Emulator emulator = Emulator.of(CAPABILITY);
        DeviceBatch.Buffers buffers = batch.new Buffers(emulator.engine())) {
      Teacher selected = Teacher.rowIndex(buffers.ofTeacher.matrix(4, CLASSES, DType.F32),
          RowVector.labels(new int[] {3, 2, 1, 0}));
      emulator.engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs().withTeacher(selected), buffers.outputs())
          .totals();
      assertThat(emulator.launched()).hasSize(3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachPlantedDefectIsFound(LaunchDefect defect) {
    try (Emulator correct = Emulator.of(CAPABILITY);
        Emulator planted = Emulator.over(defect::source, CAPABILITY, "run-ahead")) {
      assertThat(outcomes(planted.engine())).isNotEqualTo(outcomes(correct.engine()));
    }
  }

  @Test
  void launchesWithChangingLabelsHaveTheOutcomesOfTheReference() {
    try (Emulator correct = Emulator.of(CAPABILITY)) {
      List<String> outcomes = outcomes(correct.engine());
      for (int launch = 0; launch < outcomes.size(); launch++) {
        boolean refused = outcomes.get(launch).contains("row " + BAD[launch] + " has label");
        assertThat(refused).as(outcomes.get(launch)).isEqualTo(BAD[launch] >= 0);
        assertThat(outcomes.get(launch).endsWith(" untouched")).isEqualTo(refused);
      }
    }
  }

  /** The rows with an invalid label, launch by launch; -1: none. */
  private static final int[] BAD = {-1, ROWS - 5, -1, 300, 0, 130, -1};

  /** The outcomes of launches with changing labels: totals or the message of a refusal, and a hash of the losses. */
  private static List<String> outcomes(LossEngine engine) {
    DeviceBatch batch = new DeviceBatch(ROWS, CLASSES, 5);
    List<String> outcomes = new ArrayList<>();
    float[] untouched = new float[ROWS];
    Arrays.fill(untouched, -1);
    float[] losses = new float[ROWS];
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine); DeviceBuffer rows = engine.allocate(4 * ROWS);
        PreparedLoss prepared = engine.prepare(HARD, buffers.inputs(),
            buffers.outputs().withRowHard(rows.losses(ROWS)))) {
      for (int bad : BAD) {
        int[] labels = new int[ROWS];
        Arrays.setAll(labels, row -> row % 5 == 0 ? batch.labels[row] : IGNORED);
        labels[outcomes.size() + 11] = outcomes.size();
        if (bad >= 0) {
          labels[bad] = CLASSES;
        }
        buffers.ofLabels.upload(MemorySegment.ofArray(labels));
        rows.upload(MemorySegment.ofArray(untouched));
        prepared.launch();
        String outcome;
        try {
          outcome = prepared.totals().toString();
        } catch (IllegalArgumentException e) {
          outcome = String.valueOf(e.getMessage());
        }
        rows.download(MemorySegment.ofArray(losses));
        outcomes.add(outcome + (Arrays.equals(losses, untouched) ? " untouched" : " " + Arrays.hashCode(losses)));
      }
    }
    return outcomes;
  }
}
