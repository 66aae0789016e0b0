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
 * Diagnostics of an engine for benchmarks and verification; see {@link LossEngine#diagnostics()}. Training needs none
 * of them.
 */
public interface EngineDiagnostics {

  /** Properties of the device; empty if the engine computes in host memory. */
  Optional<DeviceFacts> facts();

  /** Returns a stopwatch on the engine's timeline. */
  Stopwatch stopwatch();

  /**
   * Returns the matrix products of a linear head without its losses.
   *
   * @throws EngineUnavailableException if the library of the products is missing
   */
  HeadProducts products();

  /** Names of the self-checks, each of which tests one function of the kernels. Empty if the engine runs no kernels. */
  List<String> selfChecks();

  /**
   * Runs a self-check.
   *
   * @param name one of {@link #selfChecks()}
   * @throws IllegalArgumentException if no self-check has that name
   */
  SelfCheck selfCheck(String name);

  /**
   * Returns the plans by which {@link LossEngine#prepare} can spread the rows of a loss over the device. The first plan
   * is the one that the engine chooses; the default plan follows if it is another one, then the plans most like the
   * default plan. Results of two plans differ in the last bits only. {@code temper bench --suite gpu --parts plans}
   * measures the fastest one. Empty if the engine has no plans.
   *
   * @throws IllegalArgumentException as for {@link LossEngine#prepare}
   */
  List<String> plans(DistillationLoss loss, LossInputs inputs, LossOutputs outputs);

  /**
   * Prepares a loss like {@link LossEngine#prepare}, with a plan of the caller's choice.
   *
   * @param plan one of {@link #plans}
   * @throws IllegalArgumentException as for {@link LossEngine#prepare}, or if the rows do not fit that plan on this
   *     device; the message lists the plans that they fit
   */
  PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, String plan);

  /**
   * Keeps a plan in the file that engines of this kind of device read when they are opened, unless {@link
   * dev.temper.EngineOptions#withTunedPlans} is false. Engines use the plan for all losses with this divergence, these
   * dtypes and this number of classes, for any rows and temperature. {@code temper tune} measures the plans.
   *
   * @param times times of one of {@link #plans}, and of the default plan
   * @throws IllegalArgumentException if the rows do not fit that plan, or the loss has options that change which plan
   *     is fastest, such as label smoothing or a softcap
   * @throws UncheckedIOException if the file cannot be written; the message names it
   */
  KeptPlan keepPlan(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, PlanTimes times);
}
