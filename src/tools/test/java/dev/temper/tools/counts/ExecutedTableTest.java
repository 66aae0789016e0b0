package dev.temper.tools.counts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.cuda.nvrtc.MachineNvrtc;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlans;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The warp instructions that a row executes are counted, and stay within limits. */
final class ExecutedTableTest {

  private static final Path CACHE = Path.of("target/kernels");
  private static final int CLASSES = 32_000;

  @ParameterizedTest
  @CsvSource({
    // capability, policy, dtype, classes, at least and at most so many warp instructions of a row
    "9, ForwardKl, BF16, 32000, 20000, 30300",
    "9, ForwardKl, BF16, 1000, 700, 1099",
    "9, JensenShannon, BF16, 32000, 40000, 59500",
    "8, ForwardKl, BF16, 32000, 20000, 34000"
  })
  void aRowExecutesFewInstructions(int capability, String policy, DType dtype, int classes, double least,
      double most) {
    DeviceLimits limits = DeviceLimits.ofCapability(capability, 0);
    ExecutedTable.Line line = new ExecutedTable(MachineNvrtc.compiler(CACHE), new Architecture(capability, 0))
        .line(classes, dtype, policy, RowPlans.choose(classes, dtype.bytes(), dtype.bytes(), limits));
    assertThat(line.instructions().perRow()).isBetween(least, most);
    assertThat(line.resources().spillBytes()).isZero();
    assertThat(line.instructions().specialPerClass(classes)).isBetween(3.0, 8.5);
  }

  @ParameterizedTest
  @CsvSource({
    // policy, dtype, cycles of issue and of special functions against those of the memory, at most
    "ForwardKl, BF16, 0.64, 0.60",
    "ForwardKl, F32, 0.40, 0.30",
    "JensenShannon, BF16, 1.24, 1.34",
    "JensenShannon, F32, 0.75, 0.67",
    "SkewReverseKl, BF16, 1.47, 1.51"
  })
  void noUnitIsBusyMuchLongerThanTheMemory(String policy, DType dtype, double issue, double special) {
    ExecutedTable.Line line = new ExecutedTable(MachineNvrtc.compiler(CACHE), new Architecture(9, 0)).line(CLASSES,
        dtype, policy, RowPlans.choose(CLASSES, dtype.bytes(), dtype.bytes(), DeviceLimits.ofCapability(9, 0)));
    double memory = ExecutedTable.memoryCycles(CLASSES, dtype);
    assertThat(line.instructions().issueCycles() / memory).isBetween(issue / 2, issue);
    assertThat(line.instructions().specialCycles() / memory).isBetween(special / 2, special);
  }
}
