package dev.temper.tools.cli;

import dev.temper.diagnostics.KeptPlan;
import dev.temper.tools.bench.BenchmarkCase;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.bench.SweptPlans;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of {@code temper tune}.
 *
 * @param engine the engine in one phrase
 * @param file file of the tuned plans
 * @param copyGigabytesPerSecond copy rate of the device's memory
 * @param quiet whether no other process used the machine meanwhile
 * @param tuned one result for each shape, dtype and loss
 * @param unfinished number of shapes, dtypes and losses without a result
 * @param notes plans that were left out, and why
 */
record TuneDocument(String engine, String file, double copyGigabytesPerSecond, boolean quiet, List<TunedCase> tuned,
    int unfinished, List<String> notes) {

  /**
   * The plans of one shape, dtype and loss.
   *
   * @param shape rows and classes
   * @param dtype dtype of the logits
   * @param loss the loss
   * @param temperature T at which plans were timed; null without a soft part
   * @param defaultPlan plan of engines without tuned plans
   * @param defaultMilliseconds time of the default plan; the shorter of two measurements, before and after the other
   *     plans
   * @param drift ratio of the second of these measurements to the first; far from 1 if the device was not quiet
   * @param plan the plan that was kept
   * @param milliseconds its time
   * @param before the plan that was kept before; empty if there was none
   * @param candidates all plans that were timed, the default plan first
   * @param wrong plans with wrong results, which are never kept
   */
  record TunedCase(String shape, String dtype, String loss, @Nullable Double temperature, String defaultPlan,
      double defaultMilliseconds, double drift, String plan, double milliseconds, String before,
      List<Candidate> candidates, List<String> wrong) {

    static TunedCase of(SweptPlans plans, KeptPlan kept) {
      BenchmarkCase one = plans.benchmarkCase();
      Measurement own = plans.own();
      Measurement best = plans.best();
      return new TunedCase(one.shape().toString(), one.dtype().name(), one.loss().label(),
          one.loss().readsTeacher() ? one.loss().temperature() : null, own.parameter("plan"), own.time().median(),
          plans.drift(), best.parameter("plan"), best.time().median(), kept.before(),
          plans.all().stream().map(timed -> Candidate.of(timed, own)).toList(), plans.wrong());
    }
  }

  /**
   * One plan that was timed.
   *
   * @param plan name of the plan
   * @param milliseconds median time of a launch
   * @param low 10 % of the launches are faster
   * @param high 10 % of the launches are slower
   * @param gigabytesPerSecond least traffic over that time
   * @param timesDefault ratio of the time to that of the default plan
   */
  record Candidate(String plan, double milliseconds, double low, double high, double gigabytesPerSecond,
      double timesDefault) {

    static Candidate of(Measurement timed, Measurement own) {
      double milliseconds = timed.time().median();
      return new Candidate(timed.parameter("plan"), milliseconds, timed.time().low(), timed.time().high(),
          timed.also("leastBytes") / (milliseconds * 1e6), milliseconds / own.time().median());
    }
  }

  /** Whether every case has a result, and all plans have the same results. */
  boolean holds() {
    return unfinished == 0 && tuned.stream().allMatch(one -> one.wrong().isEmpty());
  }

  static TuneDocument of(String engine, String file, List<TunedCase> tuned, ResultFile result, int all) {
    return new TuneDocument(engine, file, result.copyGigabytesPerSecond(), result.quiet(), List.copyOf(tuned),
        all - tuned.size(), result.notes());
  }
}
