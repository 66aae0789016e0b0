package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;

/**
 * The number of repetitions of a call: untimed calls to warm up, then calls that are timed one by one.
 *
 * @param warmUpSeconds duration of the untimed calls
 * @param seconds duration of the timed calls
 * @param atLeast least number of timed calls, however long they take
 * @param atMost largest number of timed calls, however short they are
 */
public record Repetition(double warmUpSeconds, double seconds, int atLeast, int atMost) {

  /** A median that is reproducible to a few percent: 1 s of warm-up, 2 s of samples. */
  public static Repetition thorough() {
    return new Repetition(1, 2, 5, 20_000);
  }

  /** A device that times its own work, where samples differ by about 1 %: 0.1 s of warm-up, 0.25 s of samples. */
  public static Repetition onDevice() {
    return new Repetition(0.1, 0.25, 10, 500);
  }

  /** At least one untimed and three timed calls: a rough time, and a check that the call works. */
  public static Repetition brief() {
    return new Repetition(0.1, 0.2, 3, 1_000);
  }

  /**
   * Times calls of an operation.
   *
   * @param operation one call; it has finished its work when it returns
   * @param stop checked between calls; ends the measurement with the samples so far
   * @return times of a call in milliseconds; empty if it was stopped before the first sample
   */
  public Optional<Quantiles> milliseconds(Runnable operation, BooleanSupplier stop) {
    return samples(() -> {
      long start = System.nanoTime();
      operation.run();
      return (System.nanoTime() - start) / 1e6;
    }, stop);
  }

  /**
   * Repeats an operation that times itself.
   *
   * @param operation one call; returns its time, in any unit
   * @param stop checked between calls; ends the measurement with the samples so far
   * @return times of a call; empty if it was stopped before the first sample
   */
  public Optional<Quantiles> samples(DoubleSupplier operation, BooleanSupplier stop) {
    long warmUpEnd = System.nanoTime() + (long) (warmUpSeconds * 1e9);
    do {
      var _ = operation.getAsDouble();
    } while (System.nanoTime() < warmUpEnd && !stop.getAsBoolean());

    List<Double> samples = new ArrayList<>();
    long end = System.nanoTime() + (long) (seconds * 1e9);
    while (!stop.getAsBoolean() && samples.size() < atMost && (samples.size() < atLeast || System.nanoTime() < end)) {
      samples.add(operation.getAsDouble());
    }
    return samples.isEmpty()
        ? Optional.empty()
        : Optional.of(Quantiles.of(samples.stream().mapToDouble(Double::doubleValue).toArray()));
  }
}
