package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.LossEngine;
import dev.temper.OpenedEngine;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests that the grid finds planted bugs in the groups that must find them. */
@Execution(ExecutionMode.CONCURRENT)
class PlantedBugTest {

  @ParameterizedTest
  @EnumSource(PlantedBug.class)
  void everyGroupThatLooksAtItNoticesABug(PlantedBug bug) {
    Verification verification = run(bug, Level.QUICK);
    assertThat(failed(verification)).containsAll(bug.noticedBy());
    assertThat(verification.holds()).isFalse();
  }

  @Test
  void aBugIsNoticedWhereItIsOnly() {
    assertThat(failed(run(PlantedBug.NAN_SWALLOWED, Level.QUICK)))
        .doesNotContain(CaseGroup.FORWARD_KL, CaseGroup.CLASSES, CaseGroup.REFUSALS);
    assertThat(failed(run(PlantedBug.MEAN_BY_ALL_ROWS, Level.QUICK)))
        .doesNotContain(CaseGroup.FORWARD_KL, CaseGroup.CLASSES, CaseGroup.DTYPES);
    assertThat(failed(run(PlantedBug.LABEL_OFF_BY_ONE, Level.QUICK)))
        .doesNotContain(CaseGroup.FORWARD_KL, CaseGroup.ARGMAX);
  }

  @Test
  void aFailingCaseNamesIndexFoundExpectedBoundAndCommand() {
    CaseResult first = run(PlantedBug.LABEL_OFF_BY_ONE, Level.QUICK).cases(CaseOutcome.FAILED).getFirst();
    assertThat(first.notes()).hasSizeBetween(1, 5)
        .allSatisfy(note -> assertThat(note).contains("found", "expected", "bound"));
    assertThat(first.command()).isEqualTo("./temper verify --device reference --seed 1 --case " + first.name());
  }

  @Test
  void theReportHoldsTheCommandOfAFailedCaseAsOneLineOfItsOwn() {
    Verification verification = run(PlantedBug.LABEL_OFF_BY_ONE, Level.QUICK);
    String html = HtmlReport.of(verification, List.of());
    for (CaseResult failed : verification.cases(CaseOutcome.FAILED)) {
      assertThat(failed.command()).doesNotContain("\n").startsWith("./temper ");
      assertThat(html).contains("<pre class=\"command\">" + HtmlReport.escape(failed.command()) + "</pre>\n");
    }
  }

  private static Verification run(PlantedBug bug, Level level) {
    try (LossEngine engine = OpenedEngine.over("reference", new BrokenBackend("reference", bug))) {
      return new VerificationRun(engine, 1).run(level, (done, total, next) -> { });
    }
  }

  private static Set<CaseGroup> failed(Verification verification) {
    return verification.cases(CaseOutcome.FAILED).stream().map(CaseResult::group).collect(Collectors.toSet());
  }
}
