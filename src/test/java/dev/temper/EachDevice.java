package dev.temper;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every engine must do alike: the tests of a subclass run on each device of this machine. A loss that an engine refuses
 * skips the test there, but never on the reference, which has them all.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("devices")
abstract class EachDevice {

  /** Unit roundoff of f32. */
  static final double U = 0x1p-24;

  /** An absent class. */
  static final float ABSENT = Float.NEGATIVE_INFINITY;

  @Parameter String device = "";

  private final LossEngine oracle = LossEngine.open("reference");

  private LossEngine engine = oracle;

  static Stream<String> devices() {
    Availability none = Availability.missing("");
    return Stream.of("reference", "cpu", "cuda", "emulator").filter(d -> LossEngine.devices().getOrDefault(d, none).usable());
  }

  @BeforeEach
  final void open() {
    engine = LossEngine.open(device);
  }

  @AfterEach
  final void close() {
    engine.close();
    oracle.close();
  }

  LossEngine engine() {
    return engine;
  }

  /** The reference, whatever the device. */
  LossEngine oracle() {
    return oracle;
  }

  /** Loss and gradient of a batch; skips the test where this engine refuses the loss by name. */
  Outcome run(DistillationLoss loss, Batch batch) {
    try {
      return batch.run(engine, loss);
    } catch (UnsupportedLossException e) {
      assumeTrue(device.equals("reference"), e.reason());
      throw e;
    }
  }

  static float[] row(double... values) {
    float[] row = new float[values.length];
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) values[i];
    }
    return row;
  }

  /**
   * Bound of a row loss at temperature {@code T} over {@code C} classes whose logits span {@code R}: {@code (1 + T^2) u (C + 4
   * R/T + 16)}. Each exponential is off by {@code u R/T} for its rounded argument and a few {@code u} of its own, a sum of
   * {@code C} by {@code C u} at most; the cross-entropy has the factor 1, the soft part {@code T^2}.
   */
  static double lossBound(int classes, double range, double temperature) {
    return (1 + temperature * temperature) * U * (classes + 4 * range / Math.min(1, temperature) + 16);
  }
}
