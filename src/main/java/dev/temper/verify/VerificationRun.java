package dev.temper.verify;

import dev.temper.LossEngine;
import dev.temper.verify.CaseResult.Outcome;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Runs cases of the grid on a device, one after the other. */
public final class VerificationRun {

  /** Told before each case. */
  @FunctionalInterface
  public interface Progress {
    /** {@code done} of {@code total} cases have ended; {@code next} is about to run. */
    void update(long done, long total, String next);
  }

  private final LossEngine engine;
  private final long seed;

  /** A run of the numbers that follow from the seed. */
  public VerificationRun(LossEngine engine, long seed) {
    this.engine = engine;
    this.seed = seed;
  }

  /** Runs the cases of a level. */
  public Verification run(Level level, Progress progress) {
    return run(CaseGrid.of(level), progress);
  }

  /**
   * Runs one case.
   *
   * @throws IllegalArgumentException if no case has that name
   */
  public Verification run(String caseName) {
    return run(CaseGrid.named(caseName), (done, total, next) -> { });
  }

  Verification run(List<Case> cases, Progress progress) {
    long start = System.nanoTime();
    Map<Group, List<CaseResult>> results = new EnumMap<>(Group.class);
    for (int i = 0; i < cases.size(); i++) {
      Case c = cases.get(i);
      progress.update(i, cases.size(), c.name());
      results.computeIfAbsent(c.group(), group -> new ArrayList<>()).add(run(c));
    }
    progress.update(cases.size(), cases.size(), "");
    List<GroupResult> groups = results.entrySet().stream().map(e -> new GroupResult(e.getKey(), List.copyOf(e.getValue()))).toList();
    return new Verification(engine.device(), engine.describe(), seed, (System.nanoTime() - start) / 1_000_000, groups);
  }

  private CaseResult run(Case c) {
    Comparison comparison = new Comparison();
    try {
      c.check().judge(engine, c, CaseData.of(c, seed), comparison);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      boolean refused = message.startsWith(engine.device() + " cannot compute this loss");
      return result(c, refused ? Outcome.REFUSED : Outcome.FAILED, List.of(message), comparison);
    } catch (RuntimeException e) {
      return result(c, Outcome.FAILED, List.of(e.toString()), comparison);
    }
    return result(c, comparison.holds() ? Outcome.PASSED : Outcome.FAILED, comparison.mismatches(), comparison);
  }

  private CaseResult result(Case c, Outcome outcome, List<String> notes, Comparison comparison) {
    return new CaseResult(c.group(), c.name(), c.layout().classes(), outcome, List.copyOf(notes), comparison.mismatchCount(),
        comparison.compared(), comparison.worst(), c.command(engine.device(), seed));
  }
}
