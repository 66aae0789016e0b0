package dev.temper.tools.cli;

import dev.temper.LossEngine;
import dev.temper.tools.bench.Revision;
import dev.temper.internal.AtomicFile;
import dev.temper.tools.verify.AccuracyPage;
import dev.temper.tools.verify.CaseGrid;
import dev.temper.tools.verify.CaseGroup;
import dev.temper.tools.verify.HtmlReport;
import dev.temper.tools.verify.Level;
import dev.temper.tools.verify.ResultTable;
import dev.temper.tools.verify.TemperatureStudy;
import dev.temper.tools.verify.Verification;
import dev.temper.tools.verify.VerificationDocument;
import dev.temper.tools.verify.VerificationRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper verify}: checks whether a device computes the right numbers. */
@Command(
    name = "verify",
    description = {
      "Checks whether a device computes the right numbers.",
      "It compares a seeded grid of cases with the f64 reference; each case has a written error bound. Prints a"
          + " summary and every case that failed, with the command that repeats it."
    })
final class VerifyCommand implements Callable<Integer> {

  @Mixin private DeviceOption device;

  @Mixin private OutputOptions output;

  @ArgGroup(exclusive = true)
  private @Nullable Extent extent;

  @Option(names = "--only", split = ",", paramLabel = "GROUP",
      description = "Only these groups, as --explain names them; several with commas.")
  private List<String> only = List.of();

  @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
      description = "Seed of the numbers in the cases (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--explain",
      description = "Print the worst error of each group, the formulas of the bounds and the reasons of refusals too.")
  private boolean explain;

  @Option(names = "--report", paramLabel = "FILE.html",
      description = "Also write a page with error plots and the study of the factor T^2.")
  private @Nullable Path report;

  @Option(names = "--accuracy", paramLabel = "FILE.md",
      description = "Also write the errors of each divergence and dtype as a table; needs --full.")
  private @Nullable Path accuracy;

  /** The options that decide how many cases run. */
  private static final class Extent {
    @Option(names = "--quick", description = "Small sizes only; takes a few seconds.")
    private boolean quick;

    @Option(names = "--full", description = "The largest sizes with every dtype too; takes minutes.")
    private boolean full;

    @Option(names = "--case", paramLabel = "NAME", description = "Only this case, as a failure names it.")
    private @Nullable String name;
  }

  VerifyCommand() {}

  @Override
  public Integer call() throws IOException {
    if (report != null) {
      OutputFile.check("--report", report);
    }
    checkAccuracy();
    Set<CaseGroup> groups = groups();
    try (LossEngine engine = device.open(output)) {
      Verification verification = verify(new VerificationRun(engine, seed), groups);
      VerificationDocument document = VerificationDocument.of(verification, Revision.here());
      if (output.json) {
        output.print(document);
      } else {
        output.out().print(explain ? ResultTable.explained(verification) : ResultTable.of(verification));
        output.out().flush();
      }
      if (report != null) {
        AtomicFile.writeText(report, HtmlReport.of(verification, TemperatureStudy.run(seed)));
        output.note("report: " + report);
      }
      if (accuracy != null) {
        AtomicFile.writeText(accuracy, AccuracyPage.of(document));
        output.note("accuracy: " + accuracy);
      }
      return verification.holds() ? 0 : Errors.FAILED;
    }
  }

  private void checkAccuracy() {
    if (accuracy == null) {
      return;
    }
    boolean runs = extent != null && extent.full && (only.isEmpty() || only.contains(CaseGroup.ACCURACY.id()));
    if (!runs) {
      throw new IllegalArgumentException("--accuracy is " + accuracy + ", but the group " + CaseGroup.ACCURACY.id()
          + " does not run; add --full --only " + CaseGroup.ACCURACY.id());
    }
    OutputFile.check("--accuracy", accuracy);
  }

  /**
   * Returns the groups that run.
   *
   * @throws IllegalArgumentException if a name is unknown, or a group has no case in this run
   */
  private Set<CaseGroup> groups() {
    if (only.isEmpty()) {
      return EnumSet.allOf(CaseGroup.class);
    }
    Set<CaseGroup> groups =
        only.stream().map(CaseGroup::of).collect(Collectors.toCollection(() -> EnumSet.noneOf(CaseGroup.class)));
    if (extent != null && extent.name != null) {
      throw new IllegalArgumentException(
          "--only " + String.join(",", only) + " and --case " + extent.name + ": expected one of the two");
    }
    if (extent == null || !extent.full) {
      groups.stream().filter(CaseGrid::needsFull).findFirst().ifPresent(group -> {
        throw new IllegalArgumentException("--only names the group " + group.id()
            + ", whose cases belong to --full; add --full");
      });
    }
    return groups;
  }

  private Verification verify(VerificationRun run, Set<CaseGroup> groups) {
    if (extent != null && extent.name != null) {
      return run.run(extent.name);
    }
    Level level = Level.DEFAULT;
    if (extent != null) {
      level = extent.full ? Level.FULL : extent.quick ? Level.QUICK : level;
    }
    try (ProgressLine progress = ProgressLine.onStderr(); LastWords lastWords = new LastWords()) {
      return run.run(level, groups, (done, total, next) -> {
        progress.update(done, total, next);
        lastWords.update(done, total, next);
      });
    }
  }
}
