package dev.temper.tools.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a failing step does not affect the other steps. */
@DisabledOnOs(OS.WINDOWS)
class GpuCheckTest {

  private static final String FACTS = "{ \"facts\" : { \"name\" : \"Some GPU\", \"driver\" : \"CUDA 13.0\" } }";

  @TempDir private Path out;

  @Test
  void goesOnAfterEveryKindOfFailure() throws IOException {
    List<StepResult> results = run(Set.of(Stage.SMOKE), List.of(
        step("correct", "echo '" + FACTS + "'"),
        step("loud", "echo '{ \"holds\" : false }'; echo one >&2; echo the last line >&2; exit 3"),
        step("slow", "sleep 60 & wait"),
        step("silent", "true"),
        step("broken", "echo '{ \"a\" : '"),
        CheckStep.of(Stage.SMOKE, "absent", "", 5, List.of("/nowhere/program"), logs()),
        step("unlike", "echo '{}'").then(() -> "the two differ"),
        step("lacking", "exit 1").unless("no compute-sanitizer on the path"),
        step("last", "echo '{}'")));
    assertThat(results).extracting(result -> result.step().name() + " " + result.outcome() + " "
        + result.reason().replaceAll("program\": .*", "program\"")).containsExactly(
        "correct PASSED ",
        "loud FAILED exit status 3: the last line",
        "slow FAILED ended after its limit of 2 s",
        "silent FAILED it left no JSON document in silent.out",
        "broken FAILED it left no JSON document in broken.out",
        "absent FAILED Cannot run program \"/nowhere/program\"",
        "unlike FAILED the two differ",
        "lacking NOT_RUN no compute-sanitizer on the path",
        "last PASSED ");
    String document = Files.readString(out.resolve(GpuCheck.DOCUMENT));
    assertThat(document).contains("\"commit\" : \"abc\"", "\"passed\" : 2", "\"failed\" : 6", "\"notRun\" : 1",
        "\"log\" : \"one\\nthe last line\"",
        "\"stagesNotRun\" : [ \"correctness\", \"sanitize\", \"rings\", \"speed\", \"plans\", \"peers\" ]",
        "\"copyGigabytesPerSecond\" : null");
    GpuCheckDocument read = Json.read(out.resolve(GpuCheck.DOCUMENT), GpuCheckDocument.class);
    assertThat(read.facts()).isNotNull().extracting(DeviceFacts::name, DeviceFacts::driver)
        .containsExactly("Some GPU", "CUDA 13.0");
    assertThat(Json.text(read)).isEqualTo(document);
  }

  @Test
  void concurrentStepsEndBeforeTheNextOne() throws IOException {
    String two = "'" + out.resolve("two") + "'";
    List<StepResult> results = run(Set.of(Stage.SMOKE), List.of(
        step("one", "until [ -e " + two + " ]; do sleep 0.05; done; echo '{}'"),
        step("two", "touch " + two + "; echo '{}'").withPrevious(),
        step("three", "[ -e " + two + " ] && echo '{}'")));
    assertThat(results).extracting(result -> result.step().name() + " " + result.outcome())
        .containsExactly("one PASSED", "two PASSED", "three PASSED");
  }

  @Test
  void aStepThatHangsMayPrintBeforeItEnds() throws IOException {
    List<StepResult> results = run(Set.of(Stage.SMOKE),
        List.of(step("slow", "trap 'echo at the third case >&2; exit 1' TERM; sleep 60 & wait")));
    assertThat(results.getFirst().log()).isEqualTo("at the third case");
  }

  @Test
  void laterRunsAddTheirStages() throws IOException {
    run(Set.of(Stage.SMOKE), List.of(step("one", "echo '" + FACTS + "'"), step("two", "exit 1")));
    run(Set.of(Stage.SPEED), List.of(
        CheckStep.of(Stage.SPEED, "bench", "", 5, List.of("echo", "{ \"copyGigabytesPerSecond\" : 4300.5 }"), logs())));
    String both = Files.readString(out.resolve(GpuCheck.DOCUMENT));
    assertThat(both).contains("\"passed\" : 2", "\"failed\" : 1", "\"copyGigabytesPerSecond\" : 4300.5", "Some GPU");
    run(Set.of(Stage.SMOKE), List.of(step("one", "echo '{}'")));
    String replaced = Files.readString(out.resolve(GpuCheck.DOCUMENT));
    assertThat(replaced).contains("\"passed\" : 2", "\"failed\" : 0", "4300.5").doesNotContain("Some GPU");
  }

  @Test
  void resultsOfAnotherRevisionAreNotMixedIn() throws IOException {
    run(Set.of(Stage.SMOKE), List.of(step("one", "echo '{}'")));
    assertThatThrownBy(() -> GpuCheck.into(out, "cuda", true, "1", "def", Set.of(Stage.SPEED)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("its commit is abc, this one's def; name another folder with --out");
    assertThatThrownBy(() -> GpuCheck.into(out, "cuda:1", true, "1", "abc", Set.of(Stage.SPEED)))
        .hasMessageContaining("its device is cuda,");
    assertThatThrownBy(() -> GpuCheck.into(out, "cuda", false, "1", "abc", Set.of(Stage.SPEED)))
        .hasMessageContaining("its quick is true,");
  }

  @Test
  void everyStageFitsIntoTenMinutes() throws IOException {
    List<CheckStep> all = new ArrayList<>();
    for (Stage stage : Stage.values()) {
      List<CheckStep> steps = GpuPlan.of(new CheckEnvironment("cuda", false, logs()), stage);
      assertThat(steps).isNotEmpty();
      assertThat(steps.stream().filter(step -> !step.alongside()).mapToInt(CheckStep::limitSeconds).sum())
          .as(stage.id()).isBetween(1, 590);
      steps.stream().filter(CheckStep::alongside)
          .forEach(step -> assertThat(step.limitSeconds()).isEqualTo(steps.getFirst().limitSeconds()));
      all.addAll(steps);
    }
    assertThat(all.stream().map(CheckStep::name)).doesNotHaveDuplicates();
  }

  @Test
  void everyStepOfTheStageOfRingsUsesThem() throws IOException {
    CheckEnvironment environment = new CheckEnvironment("cuda", false, logs());
    for (CheckStep step : GpuPlan.of(environment, Stage.RINGS)) {
      assertThat(step.command()).as(step.name()).containsOnlyOnce("-Dtemper.ring=true");
      assertThat(environment.shown(step.command())).startsWith("JAVA_TOOL_OPTIONS=-Dtemper.ring=true ")
          .contains(" ./temper ").doesNotContain(logs().toString());
    }
  }

  private List<StepResult> run(Set<Stage> stages, List<CheckStep> steps) throws IOException {
    List<StepResult> results = new ArrayList<>();
    boolean holds = GpuCheck.into(out, "cuda", true, "1", "abc", stages).run(steps, _ -> { }, results::add);
    assertThat(holds).isEqualTo(results.stream().noneMatch(result -> result.outcome() == StepOutcome.FAILED));
    return results;
  }

  private CheckStep step(String name, String script) throws IOException {
    return CheckStep.of(Stage.SMOKE, name, "something", name.equals("slow") ? 2 : 30, List.of("sh", "-c", script),
        logs());
  }

  private Path logs() throws IOException {
    return Files.createDirectories(out.resolve("logs"));
  }
}
