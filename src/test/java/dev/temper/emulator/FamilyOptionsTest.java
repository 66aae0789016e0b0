package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowOutput;
import dev.temper.RowStatistics;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The options of the loss, alone and combined, agree with the reference on the emulator. */
@Execution(ExecutionMode.CONCURRENT)
final class FamilyOptionsTest extends EmulatorTest {

  private static final int ROWS = 6;
  private static final int CLASSES = 29;

  private static final Random RANDOM = new Random(17);
  private static final float[] STUDENT = logits();
  private static final float[] TEACHER = logits();

  private static float[] logits() {
    float[] logits = new float[ROWS * CLASSES];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) RANDOM.nextGaussian() * 3;
    }
    Arrays.fill(logits, 4 * CLASSES, 4 * CLASSES + 5, Float.NEGATIVE_INFINITY);
    Arrays.fill(logits, 5 * CLASSES, 6 * CLASSES, 1.5f); // a flat row
    return logits;
  }

  private static LossInputs inputs(FamilyOptions options, boolean soft) {
    LossInputs inputs = LossInputs.of(HostMatrix.of(STUDENT.clone(), ROWS, CLASSES))
        .withLabels(RowVector.labels(0, -100, 28, 5, 11, 2)).withRowWeights(RowVector.weights(1, 2, -0.5f, 0, 1, 3));
    return options.withDenominators(
        soft ? inputs.withTeacher(Teacher.logits(HostMatrix.of(TEACHER.clone(), ROWS, CLASSES))) : inputs);
  }

  /** The outputs of a call. */
  @SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
  private record Result(LossTotals totals, float[] gradient, float[] backward, Map<RowOutput, float[]> rows) {}

  @ParameterizedTest
  @EnumSource
  void theOptionsAgreeWithTheReference(FamilyOptions options) {
    DistillationLoss loss = options.loss();
    Result found = compute(engine(), options, loss);
    Result expected;
    try (LossEngine reference = LossEngine.open("reference")) {
      expected = compute(reference, options, loss);
    }
    assertThat(found.totals().countedRows()).isEqualTo(expected.totals().countedRows());
    near("total", found.totals().total(), expected.totals().total(), 1);
    near("soft", found.totals().soft(), expected.totals().soft(), 1);
    near("hard", found.totals().hard(), expected.totals().hard(), 1);
    expected.totals().temperatureGradient()
        .ifPresent(dT -> near("dT", found.totals().temperatureGradient().orElseThrow(), dT, 1));
    expected.rows().forEach((output, values) -> {
      for (int row = 0; row < ROWS; row++) {
        near(output + " of row " + row, Objects.requireNonNull(found.rows().get(output))[row], values[row], 1);
      }
    });
    for (int i = 0; i < ROWS * CLASSES; i++) {
      String where = "gradient of row " + i / CLASSES + " class " + i % CLASSES;
      near(where, found.gradient()[i], expected.gradient()[i], largest(expected.gradient(), i / CLASSES));
      near("backward " + where, found.backward()[i], expected.backward()[i], largest(expected.backward(), i / CLASSES));
    }
  }

  private static double largest(float[] gradient, int row) {
    double largest = 0;
    for (int i = row * CLASSES; i < (row + 1) * CLASSES; i++) {
      largest = Math.max(largest, Float.isFinite(gradient[i]) ? Math.abs(gradient[i]) : 0);
    }
    return largest;
  }

  private static void near(String what, double found, double expected, double size) {
    if (Double.isFinite(expected)) {
      assertThat(found).as(what).isCloseTo(expected, within(2e-5 * (Math.abs(expected) + size)));
    } else {
      assertThat(found).as(what).isEqualTo(expected);
    }
  }

  /** The gradient is added to ones in some of the combinations. */
  private static Result compute(LossEngine engine, FamilyOptions options, DistillationLoss loss) {
    boolean soft = loss.softWeight() > 0;
    LossInputs inputs = inputs(options, soft);
    Map<RowOutput, float[]> rows = new EnumMap<>(RowOutput.class);
    float[] gradient = new float[ROWS * CLASSES];
    Arrays.fill(gradient, 1);
    HostMatrix matrix = HostMatrix.of(gradient, ROWS, CLASSES);
    LossOutputs outputs = options.addsToGradient() ? LossOutputs.gradientAddedTo(matrix)
        : LossOutputs.gradient(matrix);
    for (RowOutput output : RowOutput.values()) {
      if (!output.isMass() && (soft || output != RowOutput.TEACHER_ENTROPY)) {
        rows.put(output, new float[ROWS]);
        outputs = outputs.withRow(output, RowVector.losses(rows.get(output)));
      }
    }
    if (soft && loss.divergence() instanceof Divergence.ForwardKl) {
      outputs = outputs.withTemperatureGradient();
    }
    LossTotals totals = engine.forwardBackward(loss, inputs, outputs).totals();
    float[] backward = new float[ROWS * CLASSES];
    try (RowStatistics statistics = engine.allocateStatistics(ROWS)) {
      engine.forward(loss, inputs, LossOutputs.none().withStatistics(statistics)).totals();
      engine.backward(loss, inputs, statistics, LossOutputs.gradient(HostMatrix.of(backward, ROWS, CLASSES)));
    }
    return new Result(totals, gradient, backward, rows);
  }
}
