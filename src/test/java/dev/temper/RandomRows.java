package dev.temper;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.temper.RandomCall.Mistake;
import dev.temper.spi.HostRows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Draws the labels, row weights and row temperatures of a loss. */
final class RandomRows {

  static final List<Float> BAD_TEMPERATURES = List.of(0f, -1f, 1e-7f, 1e7f, Float.NaN, Float.POSITIVE_INFINITY);
  private static final List<Float> BAD_WEIGHTS = List.of(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY);

  private final RandomCall call;
  private final double temperature;
  private final RowVector.@Nullable Host labels;
  private final RowVector.@Nullable Host weights;
  private final RowVector.@Nullable Host temperatures;
  private boolean invalid;

  RandomRows(RandomCall call, DistillationLoss loss) {
    this.call = call;
    temperature = loss.temperature();
    boolean extreme = call.logits.extreme();
    labels = call.combination.needsLabels() || oneIn(3) ? labels(loss.ignoreIndex()) : null;
    weights = call.mistake != Mistake.WEIGHT && !oneIn(3) ? null
        : floats(extreme ? List.of(0f, 1e-40f, Float.MAX_VALUE, -Float.MAX_VALUE) : List.of(0f, 1f, 0.25f, 2f, -1f),
            Mistake.WEIGHT, BAD_WEIGHTS);
    temperatures = !call.combination.rowTemperatures() ? null
        : floats(extreme ? List.of(1e-6f, 1e6f, 1f) : List.of(1f, 0.7f, 8f), Mistake.TEMPERATURE, BAD_TEMPERATURES);
  }

  LossInputs addTo(LossInputs inputs) {
    return inputs.withLabels(labels).withRowWeights(weights).withRowTemperatures(temperatures);
  }

  /** Returns whether one of the vectors has an invalid value or a wrong length. */
  boolean isInvalid() {
    return invalid;
  }

  /** Returns the absolute value of a row weight. */
  double weight(int row) {
    return weights == null ? 1 : Math.abs(HostRows.value(weights, row));
  }

  double temperature(int row) {
    return temperatures == null ? temperature : HostRows.value(temperatures, row);
  }

  private RowVector.Host labels(long ignoreIndex) {
    boolean wide = call.random.nextBoolean();
    int classes = call.combination.classes();
    boolean tooLong = call.mistake == Mistake.LENGTH;
    int length = call.rows + (tooLong ? 1 : 0);
    GuardedMemory memory = GuardedMemory.vector(call.random, call.arena, length, wide ? DType.I64 : DType.I32);
    int wrongRow = wrongRow(Mistake.LABEL);
    for (int row = 0; row < length; row++) {
      long label = oneIn(8) ? ignoreIndex : call.random.nextInt(classes);
      if (row == wrongRow) {
        label = Combination.pick(call.random, List.of((long) classes, -7L, Long.MIN_VALUE + classes));
      }
      if (wide) {
        memory.elements().set(JAVA_LONG_UNALIGNED, row * 8L, label);
      } else {
        // An ignored label beyond 32 bits becomes class 0, and a wrong one the number of classes.
        memory.elements().set(JAVA_INT_UNALIGNED, row * 4L, (int) label);
      }
    }
    invalid |= tooLong || wrongRow >= 0;
    return (RowVector.Host) RowVector.labels(input(memory).elements(), length, wide ? DType.I64 : DType.I32);
  }

  private RowVector.Host floats(List<Float> values, Mistake mistake, List<Float> badValues) {
    GuardedMemory memory = GuardedMemory.vector(call.random, call.arena, call.rows, DType.F32);
    int wrongRow = wrongRow(mistake);
    for (int row = 0; row < call.rows; row++) {
      float value = Combination.pick(call.random, row == wrongRow ? badValues : values);
      memory.elements().set(JAVA_FLOAT_UNALIGNED, row * 4L, value);
    }
    invalid |= wrongRow >= 0;
    return (RowVector.Host) RowVector.weights(input(memory).elements(), call.rows, DType.F32);
  }

  private GuardedMemory input(GuardedMemory memory) {
    memory.snapshot();
    return call.input(memory);
  }

  private int wrongRow(Mistake mistake) {
    return call.mistake == mistake && call.rows > 0 ? call.random.nextInt(call.rows) : -1;
  }

  private boolean oneIn(int number) {
    return call.random.nextInt(number) == 0;
  }
}
