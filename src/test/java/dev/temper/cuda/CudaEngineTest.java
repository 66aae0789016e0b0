package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.OpenedEngine;
import dev.temper.cuda.compile.HostBinaries;
import dev.temper.verify.CaseResult;
import dev.temper.verify.Level;
import dev.temper.verify.ResultTable;
import dev.temper.verify.Verification;
import dev.temper.verify.VerificationRun;
import org.junit.jupiter.api.Test;

/** The whole CUDA engine but for NVRTC and the device: kernels compiled by g++, run by the stub driver under JCuda. */
final class CudaEngineTest {

  private final StubDriver stub = StubDriver.load();

  @Test
  void theGridHolds() {
    long live = stub.live();
    try (LossEngine engine = open(0, EngineOptions.defaults(), HostBinaries.sound())) {
      Verification verification = new VerificationRun(engine, 1).run(Level.QUICK, (done, total, next) -> { });
      assertThat(verification.holds()).as(() -> ResultTable.of(verification) + verification.cases(CaseResult.Outcome.FAILED).stream().limit(5).map(c -> "\n" + c.name() + " " + c.notes()).toList()).isTrue();
      assertThat(verification.count(CaseResult.Outcome.PASSED)).isGreaterThan(100);
    }
    assertThat(stub.live()).isEqualTo(live);
  }

  private LossEngine open(int index, EngineOptions options, HostBinaries binaries) {
    return OpenedEngine.over("cuda", new CudaEngineProvider(stub.library(), (device, driver) -> binaries).open(index, options));
  }
}
