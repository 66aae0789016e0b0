package dev.temper;

import static dev.temper.Combination.CallKind.BACKWARD;
import static dev.temper.Combination.CallKind.FORWARD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spi.HostRows;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Computes a loss: alone, with its gradient in other memory or in place, or the gradient from saved statistics. */
final class RandomLossCall extends RandomCall {

  private final DistillationLoss loss;
  private final LossInputs inputs;
  /** The inputs of the reference, because the call may replace the student's logits. */
  private final LossInputs originalInputs;
  private final LossOutputs outputs;
  private final RandomRows rowInputs;
  private @Nullable LossTotals totals;

  RandomLossCall(RandomGenerator random, Arena arena, Combination combination) {
    super(random, arena, combination);
    int classes = combination.classes();
    boolean padded = random.nextInt(3) == 0;
    int studentColumns = classes + (padded ? random.nextInt(9) : 0);
    int teacherColumns = classes + (padded ? random.nextInt(9) : 0);
    boolean extreme = logits.extreme();
    DistillationLoss.Builder builder = DistillationLoss.builder()
        .divergence(combination.divergence())
        .temperature(combination.temperature())
        .temperatureScaling(random.nextInt(4) > 0)
        .softWeight(combination.soft() ? Combination.pick(random, List.of(1.0, 0.7, 3.0)) : 0)
        .hardWeight(combination.hard() ? Combination.pick(random, List.of(1.0, 0.3, 2.0)) : 0)
        .ignoreIndex(Combination.pick(random, List.of(-100L, -1L, 0L, 1L << 40)))
        .reduction(Combination.pick(random, List.of(Reduction.values())));
    loss = (padded ? builder.numClasses(classes) : builder).build();
    GuardedMemory student = input(logits.matrix(random, arena, rows, classes, studentColumns, combination.input()));
    rowInputs = new RandomRows(this, loss);
    LossInputs given = rowInputs.addTo(LossInputs.of(student.matrix()))
        .withGradientScale(Combination.pick(random, extreme ? List.of(1e30, 1e300) : List.of(1.0, -0.25, 1024.0, 0.0)));
    if (combination.soft() || random.nextInt(3) == 0) {
      GuardedMemory teacher = input(logits.matrix(random, arena, rows, classes, teacherColumns, combination.second()));
      given = given.withTeacher(Teacher.logits(teacher.matrix()));
    }
    if (loss.reduction().isMean() && random.nextInt(3) == 0) {
      given = given.withDenominator(extreme ? 1e-30 : 0.5 + 100 * random.nextDouble());
    }
    inputs = given;
    originalInputs = given.withStudent(copy(student.matrix()));
    LossOutputs gradient = combination.kind() == FORWARD ? LossOutputs.none() : gradient(student, studentColumns);
    outputs = gradient.withRowSoft(rowLosses()).withRowHard(rowLosses());
  }

  private LossOutputs gradient(GuardedMemory student, int columns) {
    if (mistake == Mistake.OVERLAP) {
      return LossOutputs.gradient(student.matrixOneByteLater());
    }
    if (mistake == Mistake.NONE && combination.output() == combination.input() && random.nextInt(3) == 0) {
      return LossOutputs.gradientInPlace(replace(student).matrix());
    }
    return LossOutputs.gradient(
        view(output(GuardedMemory.matrix(random, arena, rows, columns, combination.output()))));
  }

  /**
   * Returns null for half of the calls. A backward call with an invalid gradient has no row losses either, because its
   * forward call would write them before the gradient is refused.
   */
  private @Nullable RowVector rowLosses() {
    boolean invalidGradient = mistake == Mistake.OVERLAP || mistake == Mistake.READ_ONLY;
    if (random.nextBoolean() || (combination.kind() == BACKWARD && invalidGradient)) {
      return null;
    }
    GuardedMemory memory = output(GuardedMemory.vector(random, arena, rows, DType.F32));
    return RowVector.losses(memory.elements(), rows, DType.F32);
  }

  @Override
  boolean isInvalid() {
    return switch (mistake) {
      case NONE -> false;
      case LABEL, WEIGHT, TEMPERATURE, LENGTH -> rowInputs.isInvalid();
      case OVERLAP -> combination.kind() != FORWARD && rows > 0;
      case READ_ONLY -> combination.kind() != FORWARD;
    };
  }

  @Override
  void run(LossEngine engine) {
    if (combination.kind() == FORWARD) {
      totals = engine.forward(loss, inputs, outputs).totals();
      return;
    }
    if (combination.kind() == Combination.CallKind.FORWARD_BACKWARD) {
      totals = engine.forwardBackward(loss, inputs, outputs).totals();
      return;
    }
    try (RowStatistics statistics = engine.allocateStatistics(rows)) {
      LossOutputs saved = LossOutputs.none().withRowSoft(outputs.rowSoft()).withRowHard(outputs.rowHard())
          .withStatistics(statistics);
      totals = engine.forward(loss, inputs, saved).totals();
      engine.backward(loss, inputs, statistics, outputs.withRowSoft(null).withRowHard(null));
    }
  }

  @Override
  void requireNear(LossEngine reference) {
    LossTotals actual = Objects.requireNonNull(totals);
    int columns = inputs.student().classes();
    float[] soft = new float[rows];
    float[] hard = new float[rows];
    HostMatrix gradient = HostMatrix.of(new float[rows * columns], rows, columns);
    LossTotals expected = reference.forwardBackward(loss, originalInputs,
        LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(soft)).withRowHard(RowVector.losses(hard)))
        .totals();
    assertThat(actual.rows()).isEqualTo(expected.rows());
    assertThat(actual.countedRows()).isEqualTo(expected.countedRows());
    if (logits.extreme()) {
      return;
    }
    assertThat(actual.nonFiniteRows()).isEqualTo(expected.nonFiniteRows());
    double divisor = divisor(expected);
    double softBound = requireNear("soft", outputs.rowSoft(), soft, loss.softWeight()) / divisor;
    double hardBound = requireNear("hard", outputs.rowHard(), hard, loss.hardWeight()) / divisor;
    requireNear("soft total", actual.soft(), expected.soft(), softBound, DType.F32);
    requireNear("hard total", actual.hard(), expected.hard(), hardBound, DType.F32);
    requireNear("total", actual.total(), expected.total(), softBound + hardBound, DType.F32);
    if (outputs.gradient() instanceof HostMatrix written) {
      double factor = Math.abs(inputs.gradientScale()) * (loss.softWeight() + loss.hardWeight()) / divisor;
      requireNear("gradient", written, gradient, row -> factor * rowInputs.weight(row) * bound(row));
    }
  }

  /** Compares the losses of the rows, if the call wrote them, and returns the bound of their weighted sum. */
  private double requireNear(String what, @Nullable RowVector actual, float[] expected, double partWeight) {
    double sum = 0;
    for (int row = 0; row < rows; row++) {
      double bound = bound(row);
      if (actual instanceof RowVector.Host host) {
        requireNear(what + " of row " + row, HostRows.value(host, row), expected[row], bound, DType.F32);
      }
      double weight = partWeight * rowInputs.weight(row);
      sum += Float.isFinite(expected[row]) ? weight * (bound + 0x1p-22 * Math.abs(expected[row])) : 0;
    }
    return sum;
  }

  private double bound(int row) {
    double t = rowInputs.temperature(row);
    double bound = EachDevice.lossBound(combination.classes(), logits.range(), t);
    return combination.divergence() instanceof Divergence.JensenShannon ? bound * (1 + logits.range() / t) : bound;
  }

  private double divisor(LossTotals expected) {
    double number = switch (loss.reduction()) {
      case NONE, SUM -> 1;
      case MEAN -> Math.max(1, expected.countedRows());
      case BATCH_MEAN -> Math.max(1, rows);
    };
    return inputs.denominator().orElse(number);
  }
}
