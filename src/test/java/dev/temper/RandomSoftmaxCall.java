package dev.temper;

import static dev.temper.Combination.CallKind.ARGMAX;
import static dev.temper.Combination.CallKind.LOG_SOFTMAX;
import static dev.temper.Combination.CallKind.LOG_SOFTMAX_BACKWARD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.Combination.CallKind;
import dev.temper.spi.HostRows;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;

/** Calls softmax, log-softmax, its backward or argmax. */
final class RandomSoftmaxCall extends RandomCall {

  private final CallKind kind;
  private final HostMatrix input;
  private final HostMatrix upstream;
  private final HostMatrix output;
  private final RowVector indices;
  private final double temperature;
  /** The inputs of the reference, because the call may replace its own. */
  private final HostMatrix originalInput;
  private final HostMatrix originalUpstream;

  RandomSoftmaxCall(RandomGenerator random, Arena arena, Combination combination) {
    super(random, arena, combination);
    kind = combination.kind();
    temperature = mistake == Mistake.TEMPERATURE ? Combination.pick(random, RandomRows.BAD_TEMPERATURES)
        : combination.temperature();
    int classes = combination.classes();
    GuardedMemory read = input(logits.matrix(random, arena, rows, classes, classes, combination.input()));
    GuardedMemory further = kind == LOG_SOFTMAX_BACKWARD
        ? input(logits.matrix(random, arena, rows, classes, classes, combination.second())) : read;
    input = read.matrix();
    upstream = further.matrix();
    originalInput = copy(input);
    originalUpstream = copy(upstream);
    output = kind == ARGMAX ? input : output(random.nextBoolean() ? read : further, classes);
    DType dtype = random.nextBoolean() ? DType.I32 : DType.I64;
    long length = mistake == Mistake.LENGTH ? rows + 1 : rows;
    GuardedMemory vector = GuardedMemory.vector(random, arena, length, dtype);
    if (kind == ARGMAX) {
      output(vector);
    }
    indices = RowVector.labels(
        mistake == Mistake.READ_ONLY ? vector.elements().asReadOnly() : vector.elements(), length, dtype);
  }

  private HostMatrix output(GuardedMemory replaced, int classes) {
    if (mistake == Mistake.OVERLAP) {
      return replaced.matrixOneByteLater();
    }
    if (mistake == Mistake.NONE && replaced.matrix().dtype() == combination.output() && random.nextInt(3) == 0) {
      return replace(replaced).matrix();
    }
    return view(output(GuardedMemory.matrix(random, arena, rows,
        mistake == Mistake.LENGTH ? classes + 1 : classes, combination.output())));
  }

  @Override
  boolean isInvalid() {
    return switch (mistake) {
      case NONE, LABEL, WEIGHT -> false;
      case TEMPERATURE -> kind == LOG_SOFTMAX || kind == LOG_SOFTMAX_BACKWARD;
      case OVERLAP -> kind != ARGMAX && rows > 0;
      case LENGTH, READ_ONLY -> true;
    };
  }

  @Override
  void run(LossEngine engine) {
    run(engine, input, upstream, output, indices);
  }

  private void run(LossEngine engine, HostMatrix from, HostMatrix further, HostMatrix to, RowVector indicesTo) {
    switch (kind) {
      case SOFTMAX -> engine.softmax(from, to);
      case LOG_SOFTMAX -> engine.logSoftmax(from, temperature, to);
      case LOG_SOFTMAX_BACKWARD -> engine.logSoftmaxBackward(from, temperature, further, to);
      case ARGMAX -> engine.argmax(from, indicesTo);
      case FORWARD, FORWARD_BACKWARD, BACKWARD -> throw new IllegalStateException(kind + " is a loss");
    }
  }

  @Override
  void requireNear(LossEngine reference) {
    int classes = combination.classes();
    HostMatrix expected = HostMatrix.of(new float[rows * classes], rows, classes);
    RowVector expectedIndices = RowVector.labels(new int[rows]);
    run(reference, originalInput, originalUpstream, expected, expectedIndices);
    for (int row = 0; row < rows && kind == ARGMAX; row++) {
      assertThat(HostRows.label((RowVector.Host) indices, row)).as("index of row " + row)
          .isEqualTo(HostRows.label((RowVector.Host) expectedIndices, row));
    }
    if (kind != ARGMAX && !logits.extreme()) {
      requireNear("output", output, expected, _ -> bound());
    }
  }

  private double bound() {
    double t = kind == CallKind.SOFTMAX ? 1 : temperature;
    double bound = EachDevice.lossBound(combination.classes(), logits.range(), t);
    // The sum of a row of the upstream gradient stays below 8 times its spread times the root of the number of classes.
    return kind == LOG_SOFTMAX_BACKWARD ? bound * (8 * logits.spread() * Math.sqrt(combination.classes()) + 1) / t
        : bound;
  }
}
