package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests that exactly the ordinary rows take the fast path, and that each planted defect of it is found. */
@Execution(ExecutionMode.CONCURRENT)
final class FastPathTest {

  @BeforeAll
  static void requireCompiler() {
    Emulator.assumeUsable();
  }

  @ParameterizedTest
  @EnumSource
  void rowsTakeTheirPathAndAgreeWithTheReference(PathRows rows) {
    try (Emulator emulator = Emulator.of("9.0")) {
      assertThat(rows.findings(emulator.engine())).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachPlantedDefectIsFound(PathDefect defect) {
    try (Emulator emulator = Emulator.over(defect::source, "run-ahead")) {
      assertThat(defect.rows().findings(emulator.engine())).isNotEmpty();
    }
  }
}
