package dev.temper;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.EngineDiagnostics;
import dev.temper.diagnostics.HeadProducts;
import dev.temper.diagnostics.KeptPlan;
import dev.temper.diagnostics.PlanTimes;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.SeparateProducts;
import java.util.List;
import java.util.Optional;

/** The diagnostics of an engine. Each call keeps the engine open until it returns. */
final class RunningDiagnostics implements EngineDiagnostics {

  private final LossEngine engine;
  private final EngineBackend backend;
  private final LossDispatch losses;

  RunningDiagnostics(LossEngine engine, EngineBackend backend, LossDispatch losses) {
    this.engine = engine;
    this.backend = backend;
    this.losses = losses;
  }

  @Override
  public Optional<DeviceFacts> facts() {
    return engine.running(backend::facts);
  }

  @Override
  public Stopwatch stopwatch() {
    return engine.running(backend::stopwatch);
  }

  @Override
  public HeadProducts products() {
    return engine.running(() -> new SeparateProducts(backend.products()));
  }

  @Override
  public List<String> selfChecks() {
    return engine.running(backend::selfChecks);
  }

  @Override
  public SelfCheck selfCheck(String name) {
    return engine.running(() -> backend.selfCheck(name));
  }

  @Override
  public List<String> plans(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    return losses.withLogits(loss, inputs, outputs, backend::plans);
  }

  @Override
  public PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, String plan) {
    return losses.prepare(loss, inputs, outputs, call -> backend.prepare(call, plan));
  }

  @Override
  public KeptPlan keepPlan(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, PlanTimes times) {
    return losses.withLogits(loss, inputs, outputs, call -> backend.keepPlan(call, times));
  }
}
