package dev.temper.verify;

import dev.temper.LogitMatrix;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.OpenedEngine;
import dev.temper.RowVector;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import java.util.List;
import java.util.function.UnaryOperator;

/** The emulator with a plan of a test's choice in place of its own. */
final class PlannedBackend implements EngineBackend {

  private final EngineBackend emulator = OpenedEngine.backend("emulator");
  private final UnaryOperator<List<String>> choice;

  /** Takes the first that {@code choice} leaves of the plans for a call. */
  PlannedBackend(UnaryOperator<List<String>> choice) {
    this.choice = choice;
  }

  @Override
  public String describe() {
    return emulator.describe();
  }

  @Override
  public String refuses(LossCall call) {
    return emulator.refuses(call);
  }

  @Override
  public LossResult compute(LossCall call) {
    try (PreparedCall prepared = emulator.prepare(call, choice.apply(emulator.plans(call)).getFirst())) {
      prepared.launch();
      LossTotals totals = prepared.totals();
      return () -> totals;
    }
  }

  @Override
  public void logSoftmax(LogitMatrix logits, double temperature, LogitMatrix output) {
    emulator.logSoftmax(logits, temperature, output);
  }

  @Override
  public void logSoftmaxBackward(LogitMatrix logits, double temperature, LogitMatrix upstream, LogitMatrix output) {
    emulator.logSoftmaxBackward(logits, temperature, upstream, output);
  }

  @Override
  public void softmax(LogitMatrix logits, LogitMatrix output) {
    emulator.softmax(logits, output);
  }

  @Override
  public void argmax(LogitMatrix logits, RowVector output) {
    emulator.argmax(logits, output);
  }

  @Override
  public void close() {
    emulator.close();
  }
}
