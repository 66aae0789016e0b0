package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import dev.temper.DistillationLoss;
import dev.temper.tools.files.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

final class TrainReportTest {

  private static ModelOutcome outcome(String name, double crossEntropy) {
    return outcome(name, crossEntropy, 2);
  }

  private static ModelOutcome outcome(String name, double crossEntropy, int plannedSteps) {
    return new ModelOutcome(name, 1000, new Quality(crossEntropy, 0.25, 0.5, 99),
        List.of(new ModelOutcome.CurvePoint(1, 5, 4.5), new ModelOutcome.CurvePoint(2, 4, 3.5)), 2, plannedSteps, 0.01,
            0.1, 3 << 20);
  }

  private static TrainReport report(double teacher, double labelsOnly, double distilled, Differences differences) {
    return report(TrainPlan.defaults(), differences, outcome("teacher", teacher),
        outcome("student, labels only", labelsOnly),
        outcome("student, distilled", distilled));
  }

  private static TrainReport report(TrainPlan plan, Differences differences, ModelOutcome... models) {
    SeedOutcome seed = new SeedOutcome(1, List.of(models), differences, "get size.", null);
    TrainReport.Data data = new TrainReport.Data("words", 3, 30, 8, 20, 5, 5);
    return new TrainReport(plan, data, "cpu", "blas", List.of(seed), 12);
  }

  private static final Differences FINE = new Differences(2, 1e-7, 1e-6);

  @Test
  void aWorseDistilledStudentIsNoFailureAndComesWithAHint() {
    TrainReport report = report(3, 4, 4.2, FINE);
    assertThat(report.failures()).isEmpty();
    assertThat(TrainReportText.of(report)).contains("0.200 nats worse", "docs/it-got-worse.md");
    assertThat(Path.of("docs/it-got-worse.md")).exists();
    assertThat(TrainReportText.of(report(3, 4, 3.8, FINE))).doesNotContain("it-got-worse");
  }

  @Test
  void eachTemperatureHasALineAndAGain() throws IOException {
    TrainPlan plan = TrainPlan.defaults()
        .withDistillations(List.of(DistillationLoss.hinton(1, 0.7), DistillationLoss.hinton(2.5, 0.7)));
    TrainReport report = report(plan, FINE, outcome("teacher", 3), outcome("student, labels only", 4),
        outcome("student, distilled at T = 1", 3.75), outcome("student, distilled at T = 2.5", 4.5));
    assertThat(report.isComplete()).isTrue();
    assertThat(report.gains()).containsExactly(0.25, -0.5);
    assertThat(TrainReportText.of(report)).contains("T = 1, 2.5, weight 0.7 on the teacher, 0.3 on the labels",
        "Distillation at T = 1 made the student 0.250 nats better.",
            "Distillation at T = 2.5 made the student 0.500 nats worse.");
    assertThat(LearningCurves.png(report)).startsWith(0x89, 'P', 'N', 'G');
  }

  @Test
  void anInterruptedRunShowsWhatItHasAndJudgesNoTeacher() {
    TrainReport report =
        report(TrainPlan.defaults(), FINE, outcome("teacher", 4), outcome("student, labels only", 4, 1000));
    assertThat(report.isComplete()).isFalse();
    assertThat(report.failures()).isEmpty();
    assertThat(TrainReportText.of(report)).contains(" 2/1000 ").doesNotContain("Distillation");
    TrainReport teacherAlone = report(TrainPlan.defaults(), FINE, outcome("teacher", 4, 1500));
    assertThat(TrainReportText.of(teacherAlone)).contains(" 2/1500 ").doesNotContain("nats better");
  }

  @Test
  void interruptedTrainingsDoNotEnterMeans() {
    TrainPlan plan = TrainPlan.defaults().withSeeds(1, 2);
    SeedOutcome whole = report(3, 4, 3.8, FINE).outcomes().getFirst();
    SeedOutcome broken = report(plan, FINE, outcome("teacher", 3.5), outcome("student, labels only", 9, 1000))
        .outcomes().getFirst();
    TrainReport report = new TrainReport(plan, report(3, 4, 4, FINE).data(), "cpu", "blas", List.of(whole, broken), 1);
    assertThat(report.isComplete()).isFalse();
    assertThat(report.means()).extracting(o -> o.heldOut().crossEntropy()).containsExactly(3.25, 4.0, 3.8);
  }

  @Test
  void marginOfTheTeacherDecides() {
    assertThat(report(3.91, 4, 4, FINE).failures()).hasSize(1);
    assertThat(report(Double.NaN, 4, 4, FINE).failures()).hasSize(1);
    assertThat(report(3.89, 4, 4, FINE).failures()).isEmpty();
  }

  @Test
  void differencesFromTheReferenceDecide() {
    assertThat(report(3, 4, 4, new Differences(2, 1e-4, 0)).failures()).singleElement().asString().contains("1.0e-04");
    assertThat(report(3, 4, 4, new Differences(2, 0, Double.NaN)).failures()).hasSize(1);
  }

  @Test
  void textIsTheSameInEveryLocale() {
    String expected = TrainReportText.of(report(3, 4, 3.8, FINE));
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(TrainReportText.of(report(3, 4, 3.8, FINE))).isEqualTo(expected);
    } finally {
      Locale.setDefault(before);
    }
    assertThat(expected).contains("4.0000", "0.200 nats better", "get size.");
  }

  @Test
  void jsonIsOneDocumentWithTheNumbers() {
    String text = Json.text(TrainDocument.of(report(3, 4, 3.8, FINE), "0123456789ab", "a processor"));
    assertThat(Json.object(text)).isPresent();
    assertThat(text).contains("\"teacherMargin\" : 1.0", "\"crossEntropy\" : 3.8", "\"secondsPerStep\" : 0.01",
        "\"lossShare\" : 0.1", "\"failures\" : [ ]", "\"complete\" : true");
  }

  @Test
  void theResultsBesideTheBenchmarksAreReadAndWrittenUnchanged() throws IOException {
    Path file = Path.of("benchmarks/results/train/train.json");
    assertThat(Json.text(Json.read(file, TrainDocument.class))).isEqualTo(Files.readString(file));
  }

  @Test
  void curvesAreAPng() throws IOException {
    byte[] png = LearningCurves.png(report(3, 4, 3.8, FINE));
    assertThat(png).startsWith(0x89, 'P', 'N', 'G').hasSizeGreaterThan(5000);
  }
}
