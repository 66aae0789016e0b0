package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The timed plans of a benchmark case.
 *
 * @param benchmarkCase the case, without a plan
 * @param batch the first batch of the case
 * @param before the plan that the engine chooses, measured before the others
 * @param others a measurement of each other plan with correct results
 * @param again the plan that the engine chooses, measured after the others
 * @param wrong plans with wrong results, each with its first difference from the results of the engine's own plan
 */
public record SweptPlans(BenchmarkCase benchmarkCase, LogitBatch batch, Measurement before, List<Measurement> others,
    Measurement again, List<String> wrong) {

  /** Relative difference of medians of equal work, about 1 %. */
  private static final double NOISE = 0.01;

  /** Keeps copies of the lists. */
  public SweptPlans {
    others = List.copyOf(others);
    wrong = List.copyOf(wrong);
  }

  /** The faster measurement of the plan that the engine chooses. */
  public Measurement own() {
    return fastest(List.of(before, again));
  }

  /** The ratio of the second measurement of the engine's own plan to the first. */
  public double drift() {
    return again.time().median() / before.time().median();
  }

  /** One measurement of each plan, that of {@link #own} first. */
  public List<Measurement> all() {
    List<Measurement> all = new ArrayList<>(List.of(own()));
    all.addAll(others);
    return all;
  }

  /** The fastest plan. It is {@link #own} unless another one is faster by more than 1 %. */
  public Measurement best() {
    Measurement fastest = fastest(all());
    return fastest.time().median() < (1 - NOISE) * own().time().median() ? fastest : own();
  }

  /** The shortest median; the earliest of equal ones. */
  static Measurement fastest(List<Measurement> timed) {
    return timed.stream().min(Comparator.comparingDouble(entry -> entry.time().median())).orElseThrow();
  }
}
