package dev.temper.tools.verify;

import dev.temper.DeviceException;
import dev.temper.EngineUnavailableException;
import dev.temper.LossEngine;
import dev.temper.UnsupportedLossException;
import dev.temper.internal.Names;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Runs cases of the grid and the self-checks of the engine on a device, one after the other. */
public final class VerificationRun {

  /** Observes a run before each case. */
  @FunctionalInterface
  public interface CaseProgress {
    /** Called when {@code done} of {@code total} cases have ended and {@code next} begins. */
    void update(long done, long total, String next);
  }

  /** A case and its execution. */
  private record ScheduledCase(CaseGroup group, String name, Supplier<CaseResult> run) {}

  private record Ending(CaseOutcome outcome, List<String> notes) {}

  private final LossEngine engine;
  private final long seed;
  /** Name of the case that broke the device; empty while the device works. */
  private String lost = "";

  /** Runs on an engine, with the numbers of a seed. */
  public VerificationRun(LossEngine engine, long seed) {
    this.engine = engine;
    this.seed = seed;
  }

  /** Runs the cases of a level. */
  public Verification run(Level level, CaseProgress progress) {
    return run(level, EnumSet.allOf(CaseGroup.class), progress);
  }

  /** Runs the cases of a level that belong to these groups. */
  public Verification run(Level level, Set<CaseGroup> groups, CaseProgress progress) {
    return run(schedule(level).stream().filter(one -> groups.contains(one.group())).toList(), progress);
  }

  /**
   * Runs one case.
   *
   * @throws IllegalArgumentException if no case has that name
   */
  public Verification run(String caseName) {
    List<ScheduledCase> all = schedule(Level.FULL);
    List<ScheduledCase> found = all.stream().filter(one -> one.name().equals(caseName)).toList();
    if (found.isEmpty()) {
      throw new IllegalArgumentException("no case is named '" + caseName + "'"
          + Names.suggestion(caseName, all.stream().map(ScheduledCase::name).toList())
          + "; expected GROUP/CASE, the name of a failed case in the table");
    }
    return run(found, (done, total, next) -> { });
  }

  /** Runs cases that may be outside the grid. */
  Verification runCases(List<Case> cases) {
    return run(cases.stream().map(this::schedule).toList(), (done, total, next) -> { });
  }

  private List<ScheduledCase> schedule(Level level) {
    List<ScheduledCase> scheduled = new ArrayList<>(PartChecks.of(engine, seed).stream()
        .map(check -> new ScheduledCase(CaseGroup.DEVICE_FUNCTIONS, check.name(), check::run)).toList());
    ListChecks.of(engine, seed, level).forEach(check ->
        scheduled.add(schedule(CaseGroup.TEACHER_LISTS, check.name(), check.classes(), check::judge)));
    HeadVerification.of(engine, seed).forEach(check ->
        scheduled.add(schedule(check.group(), check.name(), check.classes(), check::judge)));
    CaseGrid.of(level).forEach(c -> scheduled.add(schedule(c)));
    return scheduled;
  }

  private ScheduledCase schedule(Case c) {
    return schedule(c.group(), c.name(), c.layout().classes(),
        comparison -> c.check().judge(engine, c, CaseData.of(c, seed), comparison));
  }

  private ScheduledCase schedule(CaseGroup group, String name, int classes, Consumer<Comparison> judge) {
    return new ScheduledCase(group, name, () -> {
      Comparison comparison = new Comparison();
      Ending ending = judge(name, judge, comparison);
      return new CaseResult(group, name, classes, ending.outcome, List.copyOf(ending.notes),
          comparison.mismatchCount(), comparison.compared(), comparison.worst(), comparison.accuracy(),
          Case.command(engine.device(), seed, name));
    });
  }

  private Verification run(List<ScheduledCase> scheduled, CaseProgress progress) {
    long start = System.nanoTime();
    Map<CaseGroup, List<CaseResult>> results = new EnumMap<>(CaseGroup.class);
    for (int i = 0; i < scheduled.size(); i++) {
      ScheduledCase one = scheduled.get(i);
      progress.update(i, scheduled.size(), one.name());
      results.computeIfAbsent(one.group(), group -> new ArrayList<>()).add(one.run().get());
    }
    progress.update(scheduled.size(), scheduled.size(), "");
    List<GroupResult> groups = results.entrySet().stream()
        .map(e -> new GroupResult(e.getKey(), List.copyOf(e.getValue()))).toList();
    return new Verification(
        engine.device(), engine.describe(), engine.diagnostics().facts(), seed, (System.nanoTime() - start) / 1_000_000,
        groups);
  }

  private Ending judge(String name, Consumer<Comparison> judge, Comparison comparison) {
    if (!lost.isEmpty()) {
      return failed("not run: the device has failed at every call since " + lost);
    }
    try {
      judge.accept(comparison);
    } catch (UnsupportedLossException | EngineUnavailableException e) {
      return new Ending(CaseOutcome.REFUSED, List.of(String.valueOf(e.getMessage())));
    } catch (IllegalArgumentException e) {
      return failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      lost = works() ? "" : name;
      return failed(e.toString());
    }
    return new Ending(comparison.holds() ? CaseOutcome.PASSED : CaseOutcome.FAILED, comparison.mismatches());
  }

  private static Ending failed(String note) {
    return new Ending(CaseOutcome.FAILED, List.of(note));
  }

  /** Whether the device still works. After a fault in a kernel every call of this process fails. */
  private boolean works() {
    try {
      engine.synchronize();
      return true;
    } catch (DeviceException e) {
      return false;
    }
  }
}
