package dev.temper.tools.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.LossEngine;
import dev.temper.cuda.StubEngine;
import dev.temper.tools.verify.CaseOutcome;
import dev.temper.tools.verify.Level;
import dev.temper.tools.verify.ResultTable;
import dev.temper.tools.verify.Verification;
import dev.temper.tools.verify.VerificationRun;
import org.junit.jupiter.api.Test;

/** The verification grid on the CUDA engine over the stub driver, with kernels that g++ compiled. */
final class CudaGridTest extends StubEngine {

  @Test
  void theGridHolds() {
    try (LossEngine engine = open()) {
      Verification verification = new VerificationRun(engine, 1).run(Level.QUICK, (done, total, next) -> { });
      assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
      assertThat(verification.count(CaseOutcome.PASSED)).isGreaterThan(100);
    }
  }
}
