package dev.temper.diagnostics;

import dev.temper.DistillationLoss;
import dev.temper.EngineUnavailableException;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/**
 * What benchmarks and verification read from an engine; {@link LossEngine#diagnostics()} gives it. Training does
 * without.
 */
public interface EngineDiagnostics {

  /** What the device says of itself; empty if the engine computes in host memory. */
  Optional<DeviceFacts> facts();

  /** A stopwatch on the engine's own timeline. */
  Stopwatch stopwatch();

  /**
   * The matrix products of a linear head by themselves.
   *
   * @throws EngineUnavailableException if the library of the products is missing
   */
  HeadProducts products();

  /**
   * Names of the checks that the engine can make of single functions of its kernels, which losses use together. Empty
   * where the engine runs no kernels.
   */
  List<String> selfChecks();

  /**
   * Makes one of these checks.
   *
   * @param name one of {@link #selfChecks()}
   * @throws IllegalArgumentException if none has that name
   */
  SelfCheck selfCheck(String name);

  /**
   * The plans by which {@link LossEngine#prepare} could spread the rows of a loss over the device: first the one that
   * it uses by itself, then the default plan if that is another one, then those most like the default plan.
   * Results differ in the last bits only; {@code temper bench --suite gpu --parts plans} measures which is fastest.
   * Empty where the engine has no choice.
   *
   * @throws IllegalArgumentException as for {@link LossEngine#prepare}
   */
  List<String> plans(DistillationLoss loss, LossInputs inputs, LossOutputs outputs);

  /**
   * {@link LossEngine#prepare} with a plan of the caller's choice.
   *
   * @param plan one of {@link #plans}
   * @throws IllegalArgumentException also if the rows do not fit that plan on this device; the message lists those that
   *     they fit
   */
  PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, String plan);

  /**
   * Keeps a plan in the file that engines of this kind of device read when they are opened, unless
   * {@link dev.temper.EngineOptions#withTunedPlans} switches that off. They use it for all losses with this divergence,
   * these dtypes and this number of classes, whatever their rows and temperature. {@code temper tune} measures the
   * plans.
   *
   * @param times times of one of {@link #plans}, and of the default plan
   * @throws IllegalArgumentException if the rows do not fit that plan, or the loss has options that change which plan
   *     is fastest, such as label smoothing or a softcap
   * @throws UncheckedIOException if the file cannot be written, naming it
   */
  KeptPlan keepPlan(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, PlanTimes times);
}
