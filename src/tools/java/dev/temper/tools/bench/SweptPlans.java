package dev.temper.tools.bench;

import java.util.Comparator;
import java.util.List;

/**
 * The timed plans of a benchmark case.
 *
 * @param benchmarkCase the case, without a plan
 * @param batch the first batch of the case
 * @param timed a measurement of each correct plan, the engine's own plan first
 * @param again the engine's own plan, measured again after the others
 * @param wrong plans with wrong results, each with its first difference from the results of the engine's own plan
 */
public record SweptPlans(BenchmarkCase benchmarkCase, LogitBatch batch, List<Measurement> timed, Measurement again,
    List<String> wrong) {

  /** Medians of equal work differ by about 1 %. */
  private static final double NOISE = 0.01;

  /** Keeps copies of the lists. */
  public SweptPlans {
    timed = List.copyOf(timed);
    wrong = List.copyOf(wrong);
  }

  /** The measurement of the plan that the engine has by itself. */
  public Measurement own() {
    return timed.getFirst();
  }

  /**
   * The fastest plan. It is the engine's own one unless another is faster than both measurements of that one by more
   * than 1 %.
   */
  public Measurement best() {
    double milliseconds = Math.min(own().time().median(), again.time().median());
    Measurement fastest = fastest(timed);
    return fastest.time().median() < (1 - NOISE) * milliseconds ? fastest : own();
  }

  /** The shortest median; the earliest of equal ones. */
  static Measurement fastest(List<Measurement> timed) {
    return timed.stream().min(Comparator.comparingDouble(entry -> entry.time().median())).orElseThrow();
  }
}
