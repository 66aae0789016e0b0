package dev.temper.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares every instruction set of this processor with the f64 reference. */
final class CpuAccuracyTest {

  private static final double U = 0x1p-24;

  static Stream<String> instructionSets() {
    return Stream.of("baseline", "avx2", "avx512").filter(name -> !CpuLibrary.instance().instructionSet(name)
        .isEmpty());
  }

  static LossEngine open(String instructionSet) {
    System.setProperty(CpuEngineProvider.INSTRUCTION_SET_PROPERTY, instructionSet);
    return LossEngine.open("cpu");
  }

  @AfterEach
  void anyInstructionSet() {
    System.clearProperty(CpuEngineProvider.INSTRUCTION_SET_PROPERTY);
  }

  @ParameterizedTest
  @MethodSource("instructionSets")
  void agreesWithTheReference(String instructionSet) {
    List<DType> types = List.of(DType.F32, DType.BF16, DType.F16);
    Random random = new Random(11);
    try (LossEngine cpu = open(instructionSet); LossEngine reference = LossEngine.open("reference")) {
      for (int classes : new int[] {1, 2, 3, 10, 15, 16, 17, 33, 64, 65, 100, 1000, 1024, 1025, 5000}) {
        for (double temperature : new double[] {1, 2, 4, 2.5}) {
          Divergence divergence = switch (random.nextInt(6)) {
            case 0 -> Divergence.jensenShannon(0.3);
            case 1 -> Divergence.dkd(0.5, 0.5);
            default -> Divergence.forwardKl();
          };
          double softWeight = random.nextInt(4) == 0 ? 0 : 0.7;
          double hardWeight = random.nextInt(4) == 0 && softWeight > 0 ? 0 : 0.3;
          DistillationLoss loss = DistillationLoss.builder().temperature(temperature).divergence(divergence)
              .softWeight(softWeight).hardWeight(hardWeight)
              .temperatureScaling(random.nextBoolean()).reduction(Reduction.SUM).build();
          compare(cpu, reference, loss, classes, types.get(random.nextInt(3)), types.get(random.nextInt(3)), random);
        }
      }
    }
  }

  private static void compare(LossEngine cpu, LossEngine reference, DistillationLoss loss, int classes,
      DType studentType,
      DType teacherType, Random random) {
    int rows = 19;
    DType gradientType = random.nextBoolean() ? studentType : DType.F32;
    try (Arena arena = Arena.ofConfined()) {
      StridedBatch batch = new StridedBatch(arena, random.nextLong(), rows, classes, studentType, teacherType, 3);
      HostMatrix gradient = StridedBatch.empty(arena, rows, classes, gradientType);
      HostMatrix expected = StridedBatch.empty(arena, rows, classes, DType.F32);
      float[][] soft = new float[2][rows];
      float[][] hard = new float[2][rows];
      // The gradient of the reference is f32, because a narrower student dtype would round it again.
      LossTotals totals = cpu.forwardBackward(loss, batch.inputs(), outputs(loss, gradient, soft[0], hard[0])).totals();
      LossTotals exact =
          reference.forwardBackward(loss, batch.inputs(), outputs(loss, expected, soft[1], hard[1])).totals();
      String name = loss + " " + classes + " " + studentType + " " + teacherType + " " + gradientType;
      // The logits are normal deviates times 3, so an exponent is rounded to range u.
      double range = 8 * 3;
      double factor = loss.temperatureScaling() ? loss.temperature() * loss.temperature() : 1;
      for (int row = 0; row < rows; row++) {
        assertThat(Math.abs(soft[0][row] - soft[1][row])).as(name)
            .isLessThanOrEqualTo((float) (range * U * factor + 8 * U * soft[1][row]));
        assertThat(Math.abs(hard[0][row] - hard[1][row])).as(name).isLessThanOrEqualTo((float) (2 * range * U));
        for (int c = 0; c < classes; c++) {
          double want = StridedBatch.get(expected, row, c);
          double scale = loss.softWeight() * (loss.temperatureScaling() ? loss.temperature() : 1) + loss.hardWeight();
          double bound = range * U * scale + StridedBatch.unitRoundoff(gradientType) * Math.abs(want)
              + (gradientType == DType.F16 ? 0x1p-25 : 0);
          assertThat(Math.abs(StridedBatch.get(gradient, row, c) - want)).as(name).isLessThanOrEqualTo(bound);
        }
      }
      assertThat(Math.abs(totals.total() - exact.total())).as(name)
          .isLessThanOrEqualTo(rows * range * U * (factor + 1));
      assertThat(totals.countedRows()).isEqualTo(exact.countedRows());
      // Products of two logits over T are rounded to the square of their range.
      double temperature = loss.temperature();
      double chain = loss.temperatureScaling() ? temperature : 1 / temperature;
      double bound = rows * U * chain * (2 * range + range * range / (temperature * temperature));
      assertThat(totals.temperatureGradient().orElse(0)).as(name)
          .isCloseTo(exact.temperatureGradient().orElse(0), within(bound));
    }
  }

  private static LossOutputs outputs(DistillationLoss loss, HostMatrix gradient, float[] soft, float[] hard) {
    LossOutputs outputs =
        LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(soft)).withRowHard(RowVector.losses(hard));
    return loss.divergence() instanceof Divergence.ForwardKl && loss.softWeight() > 0
        ? outputs.withTemperatureGradient() : outputs;
  }

  /**
   * Tests the sum of many equal exponentials. Their rounding errors have the same sign if they are added in sequence.
   */
  @ParameterizedTest
  @MethodSource("instructionSets")
  void addsManyEqualExponentials(String instructionSet) {
    float[] logits = new float[4096];
    float[] output = new float[4096];
    logits[100] = 9;
    try (LossEngine cpu = open(instructionSet)) {
      cpu.logSoftmax(HostMatrix.of(logits, 1, 4096), 1.03, HostMatrix.of(output, 1, 4096));
    }
    double rest = 4095 * Math.exp(-9 / 1.03);
    // The bound is half of a chain of 64 additions plus the values that are rounded once.
    assertThat((double) output[100]).isCloseTo(-Math.log1p(rest), within(40 * U));
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 10, 100, 1000, 100_000})
  void keepsRelativeAccuracyNearEquality(int classes) {
    Random random = new Random(classes);
    try (Arena arena = Arena.ofConfined(); LossEngine cpu = LossEngine.open("cpu");
        LossEngine reference = LossEngine.open("reference")) {
      HostMatrix teacher = StridedBatch.matrix(arena, 4, classes, DType.F32, () -> 3 * random.nextGaussian());
      HostMatrix student = StridedBatch.empty(arena, 4, classes, DType.F32);
      for (int row = 0; row < 4; row++) {
        for (int c = 0; c < classes; c++) {
          float near = StridedBatch.get(teacher, row, c) + 500 * row + 1e-3f * (float) random.nextGaussian();
          StridedBatch.set(student, row, c, near);
        }
      }
      float[] got = new float[4];
      float[] want = new float[4];
      DistillationLoss loss = DistillationLoss.builder().temperature(2).build();
      LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(teacher));
      cpu.forward(loss, inputs, LossOutputs.none().withRowSoft(RowVector.losses(got)));
      reference.forward(loss, inputs, LossOutputs.none().withRowSoft(RowVector.losses(want)));
      for (int row = 0; row < 4; row++) {
        assertThat(Math.abs(got[row] / want[row] - 1)).isLessThan(1e-5f);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("instructionSets")
  void hasTheGoldenValues(String instructionSet) {
    HostMatrix student = HostMatrix.of(new float[] {1, 2, 0}, 1, 3);
    HostMatrix teacher = HostMatrix.of(new float[] {2, 1, 0.5f}, 1, 3);
    float[] gradient = new float[3];
    float[] hard = new float[1];
    try (LossEngine cpu = open(instructionSet)) {
      LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(teacher)).withLabels(RowVector.labels(0));
      DistillationLoss loss = DistillationLoss.builder().temperature(4).build();
      double kl = cpu.forwardBackward(loss, inputs, LossOutputs.gradient(HostMatrix.of(gradient, 1, 3))).soft();
      double ce = cpu.forward(DistillationLoss.hinton(4, 0), inputs, LossOutputs.none()
          .withRowHard(RowVector.losses(hard))).hard();

      assertThat(kl).isCloseTo(0.383443716947531, within(2e-7));
      assertThat(ce).isCloseTo(1.40760596444438, within(2e-7));
      assertThat(gradient).containsExactly(new float[] {-0.31601745f, 0.41370034f, -0.09768289f},
          within(2e-7f));
    }
  }
}
