package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.reference.Elements;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.random.RandomGenerator;

/** Calls an engine once with random tensors, each in memory of its own between guard bytes. */
abstract class RandomCall {

  /**
   * Mistakes that make a call invalid. Some mistakes have no effect on some calls, such as a wrong label without rows.
   */
  enum Mistake { NONE, LABEL, WEIGHT, TEMPERATURE, LENGTH, OVERLAP, READ_ONLY }

  private static final int MOST_ROWS = 70;

  final RandomGenerator random;
  final Arena arena;
  final Combination combination;
  final RandomLogits logits;
  final int rows;
  final Mistake mistake;
  private final List<GuardedMemory> inputs = new ArrayList<>();
  private final List<GuardedMemory> outputs = new ArrayList<>();

  RandomCall(RandomGenerator random, Arena arena, Combination combination) {
    this.random = random;
    this.arena = arena;
    this.combination = combination;
    logits = RandomLogits.draw(random);
    rows = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(MOST_ROWS);
    mistake = random.nextInt(4) == 0 ? Combination.pick(random, List.of(Mistake.values())) : Mistake.NONE;
  }

  static RandomCall draw(RandomGenerator random, Arena arena, Combination combination) {
    return combination.kind().isLoss() ? new RandomLossCall(random, arena, combination)
        : new RandomSoftmaxCall(random, arena, combination);
  }

  /** Returns whether the engine must refuse the call. */
  abstract boolean isInvalid();

  abstract void run(LossEngine engine);

  /** Compares the outputs with those of the reference. */
  abstract void requireNear(LossEngine reference);

  GuardedMemory input(GuardedMemory memory) {
    inputs.add(memory);
    return memory;
  }

  GuardedMemory output(GuardedMemory memory) {
    outputs.add(memory);
    return memory;
  }

  /** Moves a tensor from the inputs to the outputs, because the call works in place. */
  GuardedMemory replace(GuardedMemory memory) {
    inputs.remove(memory);
    return output(memory);
  }

  /** Returns the view of an output, which is read-only if that is the mistake of the call. */
  HostMatrix view(GuardedMemory memory) {
    HostMatrix matrix = memory.matrix();
    return mistake != Mistake.READ_ONLY ? matrix : new HostMatrix(
        matrix.segment().asReadOnly(), matrix.rows(), matrix.classes(), matrix.rowStride(), matrix.dtype());
  }

  static HostMatrix copy(HostMatrix matrix) {
    short[] bits = new short[Math.toIntExact(matrix.rows() * matrix.classes())];
    HostMatrix copy = matrix.dtype() == DType.F32
        ? HostMatrix.of(new float[bits.length], matrix.rows(), matrix.classes())
        : HostMatrix.of(bits, matrix.rows(), matrix.classes(), matrix.dtype());
    matrix.copyTo(copy);
    return copy;
  }

  /** Requires that a finished call has changed the elements of its outputs and no other byte. */
  void requireOnlyOutputsWritten() {
    inputs.forEach(memory -> assertThat(memory.isUnchanged()).as("an input is unchanged").isTrue());
    for (GuardedMemory memory : outputs) {
      assertThat(memory.guardsAreUnchanged()).as("the bytes around an output are unchanged").isTrue();
      assertThat(memory.isWritten()).as("every element of an output is written").isTrue();
    }
  }

  /** Requires that a refused call has changed no byte. */
  void requireNothingWritten() {
    inputs.forEach(memory -> assertThat(memory.isUnchanged()).as("an input is unchanged").isTrue());
    outputs.forEach(memory -> assertThat(memory.isUnchanged()).as("an output is unchanged").isTrue());
  }

  /** Requires elements within a bound that depends on the row. */
  void requireNear(String what, HostMatrix actual, HostMatrix expected, IntToDoubleFunction bound) {
    int columns = actual.classes();
    double[] found = new double[columns];
    double[] wanted = new double[columns];
    for (int row = 0; row < rows; row++) {
      Elements.read(actual, row, columns, found);
      Elements.read(expected, row, columns, wanted);
      for (int i = 0; i < columns; i++) {
        requireNear(what, found[i], wanted[i], bound.applyAsDouble(row), actual.dtype());
      }
    }
  }

  /** Requires a value within a bound and the rounding to a dtype. NaN and infinities must be equal. */
  static void requireNear(String what, double actual, double expected, double bound, DType dtype) {
    double rounding = switch (dtype) {
      case F32 -> 0x1p-23 * Math.abs(expected) + Float.MIN_NORMAL;
      case BF16 -> 0x1p-8 * Math.abs(expected) + Float.MIN_NORMAL;
      case F16 -> 0x1p-11 * Math.abs(expected) + 0x1p-24;
      case I32, I64 -> 0;
    };
    double most = dtype == DType.F16 ? 65_504 : Float.MAX_VALUE;
    boolean overflows = Double.isInfinite(actual) && Double.isFinite(expected)
        && Math.abs(expected) + bound + rounding > most && Math.signum(actual) == Math.signum(expected);
    if (Double.isFinite(expected) && !overflows) {
      assertThat(actual).as(what).isCloseTo(expected, within(bound + rounding));
    } else if (!overflows) {
      // The boxed comparison treats NaN as equal to NaN.
      assertThat((Double) actual).as(what).isEqualTo((Double) expected);
    }
  }

  @Override
  public String toString() {
    return rows + " rows, " + logits + ", mistake " + mistake + ", " + combination;
  }
}
