package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.emulator.Emulator;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests that a gradient from saved row statistics has the bits of a gradient from one launch. */
@Execution(ExecutionMode.CONCURRENT)
class SavedRowsTest {

  private static final List<Content> CONTENTS = List.of(
      Content.NORMAL, Content.TAILS, Content.ABSENT, Content.STUDENT_ABSENT, Content.NEARLY_EQUAL, Content.NON_FINITE);

  @BeforeAll
  static void requireCompiler() {
    Emulator.assumeUsable();
  }

  /**
   * Rows in registers, in the shared memory of a block, in that of a cluster, and re-read rows; then rows in the ring
   * of a block and of a cluster.
   */
  @ParameterizedTest
  @CsvSource({"12.0, 29", "12.0, 2045", "12.0, 20000", "12.0, 600000", "9.0, 20000", "9.0, 40001"})
  void aSavedRowHasTheGradientOfOneLaunch(String capability, int classes) {
    try (Emulator emulator = Emulator.of(capability)) {
      for (Divergence divergence : List.of(Divergence.forwardKl(), Divergence.jensenShannon(0.3))) {
        for (Content content : CONTENTS) {
          Case once = of(EngineMethod.FORWARD_BACKWARD, divergence, content, classes);
          CaseData data = CaseData.of(once, 5);
          Comparison comparison = new Comparison();
          double[] expected = Objects.requireNonNull(DeviceRun.run(emulator.engine(), once, data).output());
          double[] found = Objects.requireNonNull(
              DeviceRun.run(emulator.engine(), of(EngineMethod.BACKWARD, divergence, content, classes), data).output());
          comparison.same("gradient", found, expected, classes);
          assertThat(comparison.mismatches()).as(divergence + " " + content).isEmpty();
        }
      }
    }
  }

  private static Case of(EngineMethod method, Divergence divergence, Content content, int classes) {
    List<Case> cases = new ArrayList<>();
    CaseBuilder.of(CaseGroup.BACKWARD).method(method).classes(classes).content(content)
        .layout(l -> l.rows(classes > 100_000 ? 2 : 4))
        .dtype(classes == 2_045 ? DType.BF16 : DType.F32).loss(b -> b.temperature(2).divergence(divergence))
        .add(cases, content.name());
    return cases.getFirst();
  }
}
