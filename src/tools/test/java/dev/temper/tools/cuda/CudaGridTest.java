package dev.temper.tools.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.LossEngine;
import dev.temper.cuda.StubEngine;
import dev.temper.tools.verify.CaseGroup;
import dev.temper.tools.verify.CaseOutcome;
import dev.temper.tools.verify.Level;
import dev.temper.tools.verify.ResultTable;
import dev.temper.tools.verify.Verification;
import dev.temper.tools.verify.VerificationRun;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Groups of the verification grid on the CUDA engine over the stub driver, with kernels that g++ compiled. They reach
 * every input and output of a call; the emulator computes all groups with the same kernels.
 */
final class CudaGridTest extends StubEngine {

  private static final Set<CaseGroup> GROUPS = EnumSet.of(CaseGroup.FORWARD_KL, CaseGroup.PADDING, CaseGroup.LABELS,
      CaseGroup.ROW_WEIGHTS, CaseGroup.ROW_TEMPERATURES, CaseGroup.REDUCTIONS, CaseGroup.ROW_OUTPUTS,
      CaseGroup.GRADIENT_ADDED, CaseGroup.IN_PLACE, CaseGroup.FORWARD_ONLY, CaseGroup.BACKWARD, CaseGroup.REFUSALS,
      CaseGroup.NON_FINITE_ROWS, CaseGroup.ALONE_OR_IN_BATCH, CaseGroup.LOG_SOFTMAX_FORWARD,
      CaseGroup.LOG_SOFTMAX_BACKWARD_PASS, CaseGroup.SOFTMAX_INFERENCE, CaseGroup.ARGMAX);

  @Test
  void theGridHolds() {
    try (LossEngine engine = open()) {
      Verification verification = new VerificationRun(engine, 1).run(Level.QUICK, GROUPS, (done, total, next) -> { });
      assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
      assertThat(verification.count(CaseOutcome.PASSED)).isGreaterThan(40);
    }
  }
}
