package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.Availability;
import dev.temper.LossEngine;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that all cases pass on the devices of this machine, and that the bounds are tight. */
@Execution(ExecutionMode.CONCURRENT)
class VerificationTest {

  @Test
  void theReferenceComputesEveryCase() {
    Verification verification = run("reference", 1);
    assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
    assertThat(verification.cases(CaseOutcome.REFUSED)).extracting(CaseResult::name)
        .containsExactly("device-functions/all");
    assertThat(groups(verification)).isEqualTo(
        EnumSet.complementOf(EnumSet.of(CaseGroup.ACCURACY, CaseGroup.MANY_ROWS))); // not in the quick level
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2026})
  void theCpuEngineStaysWithinEveryBoundAndAboveOnePercentOfIt(long seed) {
    assumeTrue(LossEngine.devices().getOrDefault("cpu", Availability.missing("")).usable(),
        "no CPU engine on this machine");
    Verification verification = run("cpu", seed);
    assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
    for (GroupResult result : verification.groups()) {
      if (!result.group().isExact() && result.count(CaseOutcome.PASSED) > 0) {
        assertThat(Objects.requireNonNull(result.worst()).share()).as(result.group().id()).isGreaterThan(0.01);
      }
    }
  }

  @Test
  void theCpuEngineComputesAllCombinationsOfOptions() {
    assumeTrue(LossEngine.devices().getOrDefault("cpu", Availability.missing("")).usable(),
        "no CPU engine on this machine");
    Verification verification = run("cpu", 1, Level.FULL);
    assertThat(verification.holds()).as(ResultTable.of(verification)).isTrue();
    assertThat(verification.count(CaseOutcome.PASSED)).isGreaterThan(6_000);
  }

  @Test
  void whatADeviceRefusesIsNeitherPassedNorFailed() {
    assumeTrue(LossEngine.devices().getOrDefault("cpu", Availability.missing("")).usable(),
        "no CPU engine on this machine");
    try (LossEngine engine = LossEngine.open("cpu")) {
      Verification verification = new VerificationRun(engine, 1).run("softcap/forward-kl-cap30");
      long refused = verification.count(CaseOutcome.REFUSED);
      assertThat(refused + verification.count(CaseOutcome.PASSED)).isEqualTo(1);
      if (refused == 1) {
        assertThat(verification.holds()).isFalse(); // nothing passed
        assertThat(verification.cases(CaseOutcome.REFUSED).getFirst().notes().getFirst()).contains("softcap 30.0");
      }
    }
  }

  private static Verification run(String device, long seed) {
    return run(device, seed, Level.QUICK);
  }

  private static Verification run(String device, long seed, Level level) {
    try (LossEngine engine = LossEngine.open(device)) {
      return new VerificationRun(engine, seed).run(level, (done, total, next) -> { });
    }
  }

  private static Set<CaseGroup> groups(Verification verification) {
    return verification.groups().stream().map(GroupResult::group).collect(Collectors.toSet());
  }
}
