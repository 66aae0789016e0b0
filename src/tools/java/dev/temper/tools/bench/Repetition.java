package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;

/**
 * How often something is repeated: untimed until it has warmed up, then timed call by call.
 *
 * @param warmUpSeconds untimed calls go on for so long
 * @param seconds timed calls go on for so long
 * @param atLeast timed calls, however long they take
 * @param atMost timed calls, however short they are
 */
public record Repetition(double warmUpSeconds, double seconds, int atLeast, int atMost) {

  /** Enough for a median that moves by a few percent at most: 1 s of warm-up, 2 s of samples. */
  public static Repetition thorough() {
    return new Repetition(1, 2, 5, 20_000);
  }

  /** For a device that times its own work, where samples differ by a percent or two: 0.1 s of warm-up, 0.25 s of samples. */
  public static Repetition onDevice() {
    return new Repetition(0.1, 0.25, 10, 500);
  }

  /** One untimed and three timed calls at least: shows that it works, and roughly how fast. */
  public static Repetition brief() {
    return new Repetition(0.1, 0.2, 3, 1_000);
  }

  /**
   * Times calls of an operation.
   *
   * @param operation one call; it has finished its work when it returns
   * @param stop asked between calls; ends the measurement with the samples there are
   * @return milliseconds of a call; empty if it was stopped before the first sample
   */
  public Optional<Quantiles> milliseconds(Runnable operation, BooleanSupplier stop) {
    return samples(() -> {
      long start = System.nanoTime();
      operation.run();
      return (System.nanoTime() - start) / 1e6;
    }, stop);
  }

  /**
   * Takes samples of an operation that times itself.
   *
   * @param operation one call; returns what it took, in any unit
   * @param stop asked between calls; ends the measurement with the samples there are
   * @return what a call took; empty if it was stopped before the first sample
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
