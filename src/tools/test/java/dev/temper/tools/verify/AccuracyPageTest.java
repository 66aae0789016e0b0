package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.Availability;
import dev.temper.DType;
import dev.temper.LossEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests the distances in units in the last place, and the page with their table. */
class AccuracyPageTest {

  /**
   * Largest ratio of the page's 99th percentiles to those of a new run. Instruction sets add in different orders, which
   * changes the errors of f32 arithmetic but not their size.
   */
  private static final double FACTOR = 2;

  /** The largest distance of a number that is rounded once. */
  private static final double ROUNDED = 0.5;

  @Test
  void unitsInTheLastPlace() {
    assertThat(Precision.ulp(1, DType.F32)).isEqualTo(0x1p-23);
    assertThat(Precision.ulp(-1.999, DType.BF16)).isEqualTo(0x1p-7);
    assertThat(Precision.ulp(2, DType.F16)).isEqualTo(0x1p-9);
    assertThat(Precision.ulp(0.1f, DType.F32)).isEqualTo(Math.ulp(0.1f));
    for (double tiny : new double[] {0, 1e-60, 0x1p-140}) {
      assertThat(Precision.ulp(tiny, DType.F32)).isEqualTo(Float.MIN_VALUE);
      assertThat(Precision.ulp(tiny, DType.BF16)).isEqualTo(0x1p-133);
      assertThat(Precision.ulp(tiny, DType.F16)).isEqualTo(0x1p-24);
    }
    assertThat(Precision.ulp(0x1p-14, DType.F16)).isEqualTo(0x1p-24);
    assertThat(Precision.ulp(0x1p-13, DType.F16)).isEqualTo(0x1p-23);
  }

  @Test
  void aSummaryTakesTheWorstOfAllCasesAndRanksTheirDistances() {
    float[] hundred = new float[100];
    for (int i = 0; i < hundred.length; i++) {
      hundred[i] = 100 - i;
    }
    AccuracySummary summary = AccuracySummary.of(verification(
        accuracy(new Comparison.Worst("a", 3, 10), hundred), accuracy(new Comparison.Worst("b", 2, 4), new float[100])))
        .getFirst();
    assertThat(summary.gradientError()).isEqualTo(2);
    assertThat(summary.gradientBound()).isEqualTo(4);
    assertThat(summary.valueError()).isNull();
    assertThat(summary.elements()).isEqualTo(200);
    assertThat(summary.meanUlp()).isEqualTo(5050 / 200.0);
    assertThat(summary.p99Ulp()).isEqualTo(98);
    assertThat(summary.worstUlp()).isEqualTo(100);
  }

  @Test
  void theTableInTheDocumentsIsThatOfAFreshRun() throws IOException {
    assumeTrue(LossEngine.devices().getOrDefault("cpu", Availability.missing("")).usable(),
        "no CPU engine on this machine");
    String page = Files.readString(Path.of("docs", "accuracy.md"));
    String fresh;
    try (LossEngine engine = LossEngine.open("cpu")) {
      Verification run = new VerificationRun(engine, 1).run(Level.FULL, EnumSet.of(CaseGroup.ACCURACY),
          (done, total, next) -> { });
      fresh = AccuracyPage.of(VerificationDocument.of(run, "0123456789ab"));
    }
    assertThat(withoutNumbers(page)).as("the page is old: run the command that it names").isEqualTo(
        withoutNumbers(fresh));
    Map<String, Double> expected = percentiles(fresh);
    assertThat(expected).hasSizeGreaterThan(60);
    percentiles(page).forEach((row, found) -> {
      double rounded = Math.max(ROUNDED, expected.getOrDefault(row, Double.NaN));
      assertThat(Math.max(ROUNDED, found)).as(row).isBetween(rounded / FACTOR, rounded * FACTOR);
    });
  }

  @Test
  void aRunWithoutTheGroupMakesNoPage() {
    try (LossEngine engine = LossEngine.open("reference")) {
      Verification run = new VerificationRun(engine, 1).run("classes/c1000");
      VerificationDocument document = VerificationDocument.of(run, "0123456789ab");
      assertThat(document.accuracy()).isEmpty();
      assertThatThrownBy(() -> AccuracyPage.of(document)).hasMessageContaining("--full");
    }
  }

  private static CaseAccuracy accuracy(Comparison.Worst gradient, float[] ulps) {
    return new CaseAccuracy("tvd", DType.F32, null, gradient, ulps);
  }

  private static Verification verification(CaseAccuracy... cases) {
    List<CaseResult> results = List.of(cases).stream().map(one -> new CaseResult(CaseGroup.ACCURACY, "accuracy/one", 3,
        CaseOutcome.PASSED, List.of(), 0, 1, null, one, "")).toList();
    return new Verification("cpu", "cpu", Optional.empty(), 1, 1,
        List.of(new GroupResult(CaseGroup.ACCURACY, results)));
  }

  /** The page without the numbers of its table and their origin. */
  private static String withoutNumbers(String page) {
    return page.replaceAll("(?m)^(\\| [^|]+ \\| (?:f32|bf16|f16) \\|).*$", "$1")
        .replaceAll("These numbers are of .*", "");
  }

  /** The 99th percentile of each row, by divergence and dtype. */
  private static Map<String, Double> percentiles(String page) {
    Map<String, Double> percentiles = new LinkedHashMap<>();
    page.lines().filter(line -> line.matches("\\| [^|]+ \\| (f32|bf16|f16) \\|.*")).forEach(line -> {
      List<String> cells = List.of(line.split(" *\\| *", -1));
      percentiles.put(cells.get(1) + " " + cells.get(2), Double.valueOf(cells.get(6)));
    });
    return percentiles;
  }
}
