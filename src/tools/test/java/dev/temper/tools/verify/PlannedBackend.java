package dev.temper.tools.verify;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import java.util.List;
import java.util.function.UnaryOperator;

/** The emulator with a plan of a test's choice in place of its own. */
final class PlannedBackend extends DelegatingBackend {

  private final UnaryOperator<List<String>> choice;

  /** Takes the first that {@code choice} leaves of the plans for a call. */
  PlannedBackend(UnaryOperator<List<String>> choice) {
    super("emulator");
    this.choice = choice;
  }

  @Override
  public LossResult compute(LossCall call) {
    try (PreparedCall prepared = delegate.prepare(call, choice.apply(delegate.plans(call)).getFirst())) {
      prepared.launch();
      LossTotals totals = prepared.totals();
      return () -> totals;
    }
  }
}
