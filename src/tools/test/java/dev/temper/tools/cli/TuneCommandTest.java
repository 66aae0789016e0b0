package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.emulator.Emulator;
import dev.temper.kernel.tune.OwnPlanFile;
import dev.temper.kernel.tune.PlanFile;
import dev.temper.tools.cli.TuneDocument.Candidate;
import dev.temper.tools.cli.TuneDocument.TunedCase;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests {@code temper tune} on the emulator, whose times have no meaning. */
class TuneCommandTest implements OwnPlanFile {

  @Test
  void keepsAPlanThatDoctorShows() throws IOException {
    Emulator.assumeUsable();
    Captured text = tune("--shapes", "3x40");
    assertThat(text.status()).as(text.err() + text.out()).isZero();
    assertThat(text.err()).contains("cases to tune: 1, time limit 0 s in all");
    assertThat(text.out()).containsPattern("3x40 F32 forward-kl\\+ce T 2.0\n").contains("GB/s", "x default")
        .containsPattern("registers1-lanes16-128 .* 1.000  default").containsPattern("(?m)^  kept ")
        .contains("out of time for ").endsWith("kept in " + planFile() + "\n");
    assertThat(text.out().lines().filter(line -> line.endsWith("  kept"))).hasSize(1);
    assertThat(Files.readAllLines(planFile())).hasSize(3).element(2).asString()
        .startsWith("emulator (CUDA sources on the CPU").contains("\tForwardKl+ce\tF32,F32\t40\t3\t");

    Captured json = tune("--shapes", "5x40", "--json");
    assertThat(json.status()).as(json.err()).isZero();
    assertThat(json.out()).startsWith("{").endsWith("}\n").contains("\"shape\" : \"5x40\"", "\"unfinished\" : 0",
        "\"defaultPlan\" : \"registers1-lanes16-128\"", "\"before\" : \"registers", "\"timesDefault\" : 1.0",
        "\"gigabytesPerSecond\"", "\"wrong\" : [ ]");
    assertThat(Files.readAllLines(planFile())).as("the same classes have one plan").hasSize(3);

    assertThat(Captured.run("doctor").out()).containsPattern("(?m)^tuned plans +1 of 1 for emulator .* are used, from ")
        .containsPattern("(?m)^tuned plan +ForwardKl\\+ce, F32,F32, 40 classes: registers.* ms at 5 rows");
    Files.writeString(planFile(), "damaged\n");
    assertThat(Captured.run("doctor").out()).containsPattern("(?m)^tuned plans +.*plans.tsv is damaged: line 1 is ");
  }

  @Test
  void enginesWithoutPlansAreRefused() {
    for (String device : new String[] {"cpu", "reference"}) {
      Captured run = Captured.run("tune", "--device", device, "--shapes", "3x40");
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).contains("has no launch plans to choose from, expected --device cuda", "nothing to tune");
    }
    assertThat(planFile()).doesNotExist();
  }

  @Test
  void casesThatWouldHaveOnePlanAreRefused() {
    Captured classes = tune("--shapes", "8x40,3x40");
    assertThat(classes.status()).isEqualTo(2);
    assertThat(classes.err()).contains("--shapes has 8x40 and 3x40 with the same classes, which have one plan");
    assertThat(tune("--shapes", "8x40", "--divergence", "jsd:0.5,tvd,jsd:0.3").err())
        .contains("--divergence has jsd:0.5+ce and jsd:0.3+ce with the same kernels");
    assertThat(Captured.run("tune", "--device", "reference", "--shapes", "8x40", "--dtype", "f32,f32").err())
        .contains("the same dtype");
    assertThat(Captured.run("tune", "--shapes", "8x40", "--limit", "0").err()).contains("--limit is 0, expected");
    Captured none = Captured.run("tune", "--device", "emulator");
    assertThat(none.status()).isEqualTo(2);
    assertThat(none.err()).contains("--shapes");
    assertThat(planFile()).doesNotExist();
  }

  @Test
  void aFileThatCannotBeWrittenIsSaidBeforeAnythingIsTimed() throws IOException {
    Emulator.assumeUsable();
    Path occupied = planFile().resolveSibling("occupied");
    Files.writeString(occupied, "");
    System.setProperty(PlanFile.PROPERTY, occupied.resolve("plans.tsv").toString());
    Captured run = tune("--shapes", "3x40");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("tuned plans cannot be kept in ").doesNotContain("cases to tune");
  }

  @Test
  void aWrongPlanOrACaseWithoutAResultIsAFailure() {
    TunedCase good = new TunedCase("3x40", "F32", "tvd", 2.0, "own", 2, 1.3, "other", 1, "third",
        List.of(new Candidate("own", 2, 1, 3, 1, 1), new Candidate("other", 1, 1, 1, 2, 0.5)), List.of());
    TunedCase bad = new TunedCase("3x40", "F32", "tvd", 2.0, "own", 2, 1, "own", 2, "", List.of(),
        List.of("other: its totals are NaN"));
    assertThat(document(0, good).holds()).isTrue();
    assertThat(document(1, good).holds()).isFalse();
    assertThat(document(0, good, bad).holds()).isFalse();

    StringWriter text = new StringWriter();
    new TuneTable(document(1, good)).print(new PrintWriter(text));
    assertThat(text.toString()).contains("kept other: 2.00 times as fast as the default plan; the default plan took"
        + " 1.30 times as long after the others as before", "; the plan kept before was third\n",
        "1 cases have no result, and nothing was kept for them\n");
    assertThat(text.toString().indexOf("  kept\n")).isLessThan(text.toString().indexOf("  default\n"));
  }

  private static TuneDocument document(int unfinished, TunedCase... cases) {
    return new TuneDocument("an engine", "plans.tsv", 1, true, List.of(cases), unfinished, List.of());
  }

  private static Captured tune(String... options) {
    String[] all = new String[options.length + 7];
    System.arraycopy(new String[] {"tune", "--device", "emulator", "--dtype", "f32", "--limit", "0.001"}, 0, all, 0, 7);
    System.arraycopy(options, 0, all, 7, options.length);
    return Captured.run(all);
  }
}
