package dev.temper.tools.counts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.cuda.nvrtc.CompiledKernel;
import dev.temper.cuda.nvrtc.MachineNvrtc;
import dev.temper.cuda.nvrtc.Target;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.ExpReuse;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.layout.Pass;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The instructions of a loss per element are counted, and stay within limits. */
@Execution(ExecutionMode.CONCURRENT)
final class RowLoopTest {

  private static final Path CACHE = Path.of("target/kernels");

  @ParameterizedTest
  @CsvSource({
    // policy, dtype, classes, capability, at most so many instructions, of which special, loops
    "ForwardKl, BF16, 32000, 90, 26, 4, 2",
    "ForwardKl, BF16, 128256, 90, 26, 4, 2",
    "ForwardKl, F32, 32000, 90, 28, 4, 2",
    "ForwardKl, F32, 128256, 90, 28, 4, 2",
    "ForwardKl, F32, 32000, 80, 70, 4, 2",
    "JensenShannon, BF16, 32000, 90, 50, 8, 3",
    "JensenShannon, BF16, 128256, 90, 50, 8, 3",
    "JensenShannon, F32, 32000, 90, 50, 8, 3",
    "JensenShannon, F32, 128256, 90, 51, 8, 3",
    "JensenShannon, F32, 32000, 80, 100, 8, 3"
  })
  void aLossIssuesFewInstructions(String policy, DType dtype, int classes, int capability, double most, double special,
      int count) {
    Architecture architecture = Architecture.ofNumber(capability);
    LossSpecialisation loss = LossSpecialisation.of(dtype, dtype, dtype, policy, true, true, ExpReuse.SQUARED,
        Pass.FORWARD_BACKWARD, classes, DeviceLimits.ofCapability(architecture.major(), architecture.minor()));
    CompiledKernel kernel = MachineNvrtc.compiler(CACHE).compile(loss, Target.cubin(architecture));
    List<RowLoop> loops = RowLoop.usual(RowLoop.of(new MachineCode(new Cubin(kernel.code()).code(loss.entry()),
        architecture)));
    int bytes = 2 * dtype.bytes();
    assertThat(loops).hasSize(count);
    assertThat(loops.stream().mapToDouble(loop -> loop.specialPerElement(bytes)).sum()).isEqualTo(special);
    assertThat(loops.stream().mapToDouble(loop -> loop.instructionsPerElement(bytes)).sum()).isBetween(20.0, most);
  }
}
