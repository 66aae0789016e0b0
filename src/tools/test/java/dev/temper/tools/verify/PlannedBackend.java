package dev.temper.tools.verify;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import java.util.List;
import java.util.function.UnaryOperator;

/** The emulator with a launch plan that a test chooses. */
final class PlannedBackend extends DelegatingBackend {

  private final UnaryOperator<List<String>> choice;

  /** Uses the first plan that {@code choice} returns. */
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
