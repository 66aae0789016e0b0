package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerifyCommandTest {

  @Test
  void oneCaseAlone() {
    Captured run = Captured.run("verify", "--device", "reference", "--case", "classes/c1000");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).hasLineCount(2)
        .containsPattern("every error is within its bound; the largest uses [0-9.]+ % of its bound, in group classes")
        .contains("1 cases passed, 0 failed").doesNotContain("u = 2^-24");
  }

  @Test
  void explainPrintsGroupsAndFormulas() {
    Captured run = Captured.run("verify", "--device", "reference", "--case", "classes/c1000", "--explain");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).containsPattern("classes +1 +0 +0").contains("u = 2^-24", "1 cases passed, 0 failed");
  }

  @Test
  void oneJsonDocument() throws IOException {
    Captured run = Captured.run("verify", "--device", "reference", "--case", "goldens/a-forward-kl-T4", "--json");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("\"holds\" : true", "\"group\" : \"goldens\"", "\"accuracy\" : [ ]",
        "\"formulas\"");
    try (JsonParser json = new JsonFactory().createParser(run.out())) {
      json.nextToken();
      json.skipChildren();
      assertThat(json.nextToken()).as("nothing follows the document").isNull();
    }
  }

  @Test
  void theReportIsOneFileThatNeedsNothingElse(@TempDir Path folder) throws IOException {
    Path report = folder.resolve("report.html");
    Captured run = Captured.run("verify", "--device", "reference", "--case", "classes/c1000", "--report",
        report.toString());
    assertThat(run.status()).as(run.err()).isZero();
    String html = Files.readString(report);
    assertThat(html).startsWith("<!DOCTYPE html>").endsWith("</html>\n")
        .contains("<svg", "C = 32000", "1 cases passed");
    assertThat(html).doesNotContain("http://", "https://", "src=", "href=", "NaN");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(report);
    }
  }

  @Test
  void groupsAlone() {
    Captured run = Captured.run("verify", "--device", "reference", "--quick", "--only", "goldens,device-functions");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("refused: device-functions 1\n", "--explain prints why", "14 cases passed, 0 failed, 1 refused");
    run = Captured.run("verify", "--device", "reference", "--quick", "--only", "goldens,device-functions", "--explain");
    assertThat(run.out()).containsPattern("(?m)^goldens ").doesNotContainPattern("(?m)^classes ")
        .contains("refused device-functions, 1 cases: reference runs no kernels");
  }

  @Test
  void aGroupThatDoesNotApplySaysWhereItDoes() {
    Captured run = Captured.run("verify", "--device", "reference", "--only", "device-functions");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("nothing was checked: no case of the group device-functions applies to this device:"
        + " reference runs no kernels: there is nothing of device.cuh to check; --device cuda and --device emulator run"
        + " them\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"accuracy", "many-rows"})
  void aGroupWithoutCasesOfTheLevelNamesTheOption(String group) {
    Captured run = Captured.run("verify", "--device", "reference", "--quick", "--only", "labels," + group);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--only names the group " + group + ", whose cases belong to --full; add --full");
  }

  @Test
  void wrongCallsExitWithTwo() {
    assertThat(Captured.run("verify", "--only", "golden").err())
        .contains("'golden'", "did you mean 'goldens'?", "known: device-functions, ");
    assertThat(Captured.run("verify", "--only", "goldens", "--case", "classes/c1").err())
        .contains("expected one of the two");
    assertThat(Captured.run("verify", "--only", "goldens", "--case", "classes/c1").status()).isEqualTo(2);
    assertThat(Captured.run("verify", "--device", "reference", "--case", "classes/c1001").err())
        .contains("classes/c1001", "did you mean");
    assertThat(Captured.run("verify", "--device", "reference", "--case", "classes/c1001").status()).isEqualTo(2);
    assertThat(Captured.run("verify", "--quick", "--full").status()).isEqualTo(2);
    assertThat(Captured.run("verify", "--seed", "x").status()).isEqualTo(2);
  }

  @Test
  void theTableOfErrorsNeedsItsCases(@TempDir Path folder) {
    String page = folder.resolve("accuracy.md").toString();
    for (String[] call : new String[][] {{"verify", "--accuracy", page},
        {"verify", "--full", "--only", "goldens", "--accuracy", page}}) {
      Captured run = Captured.run(call);
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).isEqualTo("temper verify: --accuracy is " + page
          + ", but the group accuracy does not run; add --full --only accuracy\n");
    }
    Captured run = Captured.run("verify", "--full", "--accuracy", folder.toString());
    assertThat(run.err()).contains("--accuracy is " + folder + ", which is a folder");
  }

  @Test
  void theFolderOfTheReportIsCheckedBeforeAnyWork(@TempDir Path folder) {
    Path report = folder.resolve("missing").resolve("report.html");
    Captured run = Captured.run("verify", "--device", "reference", "--full", "--report", report.toString());
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .isEqualTo("temper verify: --report is " + report + ", but there is no folder " + report.getParent()
        + "; make it first\n");
    assertThat(Captured.run("verify", "--report", folder.toString()).err()).contains("which is a folder");
  }
}
