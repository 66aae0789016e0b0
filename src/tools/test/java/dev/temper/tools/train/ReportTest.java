package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

final class ReportTest {

  private static Outcome outcome(String name, double crossEntropy) {
    return new Outcome(name, 1000, new Quality(crossEntropy, 0.25, 0.5, 99), List.of(new Outcome.Point(1, 5, 4.5), new Outcome.Point(2, 4, 3.5)), 2, 0.01, 0.1);
  }

  private static TrainReport report(double teacher, double labelsOnly, double distilled, Differences differences) {
    SeedOutcome seed = new SeedOutcome(1, outcome("teacher", teacher), outcome("student, labels only", labelsOnly),
        outcome("student, distilled", distilled), differences, "get size.");
    return new TrainReport(TrainPlan.defaults(), new TrainReport.Data("words", 3, 30, 8, 20, 5, 5), "cpu", "blas", List.of(seed), 12);
  }

  private static final Differences FINE = new Differences(2, 1e-7, 1e-6);

  @Test
  void aWorseDistilledStudentIsToldAndIsNoFailure() {
    TrainReport report = report(3, 4, 4.2, FINE);
    assertThat(report.failures()).isEmpty();
    assertThat(ReportText.of(report)).contains("0.200 nats worse");
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
    String expected = ReportText.of(report(3, 4, 3.8, FINE));
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(ReportText.of(report(3, 4, 3.8, FINE))).isEqualTo(expected);
    } finally {
      Locale.setDefault(before);
    }
    assertThat(expected).contains("4.0000", "0.200 nats better", "get size.");
  }

  @Test
  void jsonIsOneDocumentWithTheNumbers() {
    String text = Json.text(TrainDocument.of(report(3, 4, 3.8, FINE), "0123456789ab", "a processor"));
    assertThat(Json.object(text)).isPresent();
    assertThat(text).contains("\"teacherMargin\" : 1.0", "\"crossEntropy\" : 3.8", "\"secondsPerStep\" : 0.01", "\"lossShare\" : 0.1",
        "\"failures\" : [ ]");
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
