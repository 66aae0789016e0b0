package dev.temper;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs the tests of a subclass on each device of this machine. They check behaviour that all engines share.
 *
 * <p>A test is skipped if its engine refuses the loss. The reference supports every loss, so no test is skipped there.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("devices")
abstract class EachDevice {

  /** The unit roundoff of f32. */
  static final double U = 0x1p-24;

  /** The logit of an absent class. */
  static final float ABSENT = Float.NEGATIVE_INFINITY;

  @Parameter String device = "";

  private final LossEngine oracle = LossEngine.open("reference");

  private LossEngine engine = oracle;

  static Stream<String> devices() {
    Availability none = Availability.missing("");
    return Stream.of("reference", "cpu", "cuda", "emulator").filter(d -> LossEngine.devices().getOrDefault(d, none)
        .usable());
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

  /** Returns the reference engine, independent of the device of the test. */
  LossEngine oracle() {
    return oracle;
  }

  /** Returns loss and gradient of a batch. The test is skipped if this engine refuses the loss by name. */
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
   * Returns the error bound of a row loss at temperature {@code T} over {@code C} classes whose logits span {@code R}:
   * {@code (1 + T^2) u (C + 4 R/T + 16)}.
   *
   * <p>Each exponential has an error of {@code u R/T} from its rounded argument and of a few {@code u} from its
   * computation. A sum of {@code C} terms adds {@code C u} at most.
   *
   * <p>The cross-entropy has the factor 1, the soft part the factor {@code T^2}.
   */
  static double lossBound(int classes, double range, double temperature) {
    return (1 + temperature * temperature) * U * (classes + 4 * range / Math.min(1, temperature) + 16);
  }
}
