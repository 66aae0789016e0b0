package dev.temper.tools.verify;

import dev.temper.LossEngine;
import java.util.Objects;

/** Compares a case with the f64 reference. The inputs and the bytes around the outputs must be unchanged. */
final class OracleCheck {

  private OracleCheck() {}

  static void run(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed observed = observe(engine, c, data, comparison);
    if (c.method().isLoss()) {
      Oracle.of(c, data).compare(observed, c.layout(), comparison);
    } else {
      PrimitiveOracle.compare(c, data, Objects.requireNonNull(observed.output()), comparison);
    }
  }

  /** Runs the case on the device, and notes changes of the inputs and around the outputs. */
  static Observed observe(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed observed = DeviceRun.run(engine, c, data);
    for (String damage : observed.damage()) {
      comparison.require(false, damage);
    }
    return observed;
  }
}
