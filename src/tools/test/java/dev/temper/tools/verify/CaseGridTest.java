package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowStorage;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CaseGridTest {

  @Test
  void levelsContainOneAnotherAndHoldSeveralHundredCases() {
    assertThat(CaseGrid.of(Level.QUICK)).hasSizeGreaterThan(500);
    assertThat(CaseGrid.of(Level.DEFAULT)).containsAll(CaseGrid.of(Level.QUICK)).hasSizeGreaterThan(1000);
    assertThat(CaseGrid.of(Level.FULL)).containsAll(CaseGrid.of(Level.DEFAULT));
  }

  @Test
  void theSameSeedGivesTheSameNumbers() {
    for (Case c : CaseGrid.of(Level.QUICK)) {
      CaseData first = CaseData.of(c, 7);
      CaseData again = CaseData.of(named(c.name()), 7);
      assertThat(again.student()).as(c.name()).isEqualTo(first.student());
      assertThat(again.teacher()).as(c.name()).isEqualTo(first.teacher());
      assertThat(again.labels()).as(c.name()).isEqualTo(first.labels());
      assertThat(again.weights()).as(c.name()).isEqualTo(first.weights());
    }
  }

  @Test
  void anotherSeedGivesOtherNumbers() {
    Case c = named("classes/c1000");
    assertThat(CaseData.of(c, 8).student()).isNotEqualTo(CaseData.of(c, 7).student());
  }

  @Test
  void numbersFitTheDtypeOfTheirTensor() {
    for (Case c : CaseGrid.of(Level.QUICK)) {
      for (double value : CaseData.of(c, 1).student()) {
        assertThat(Precision.round(value, c.layout().student())).as(c.name()).isEqualTo(Double.valueOf(value));
      }
    }
  }

  @Test
  void everySizeAndDtypeOccurs() {
    List<Case> cases = CaseGrid.of(Level.FULL);
    assertThat(cases.stream().map(c -> c.layout().classes()))
        .contains(1, 2, 3, 10, 16, 17, 100, 1000, 1023, 1024, 1025, 4097, 32000, 50257, 128256, 262144);
    assertThat(cases.stream().map(c -> c.layout().student())).contains(DType.F32, DType.BF16, DType.F16);
    assertThat(cases.stream().map(c -> c.layout().offset())).contains(0, 1, 3, 5, 8);
  }

  /**
   * On compute capability 9.0; on other devices the same rows are re-read, or have other clusters. Rings and whole rows
   * in shared memory have clusters.
   */
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16"})
  void theClusterCasesHaveEverySize(DType dtype) {
    DeviceLimits limits = DeviceLimits.ofCapability(9, 0);
    assertThat(CaseGrid.all().stream().filter(c -> c.group() == CaseGroup.CLUSTERS && c.layout().student() == dtype)
        .map(c -> RowPlans.choose(c.layout().classes(), dtype.bytes(), dtype.bytes(), limits))
        .filter(plan -> !(plan.storage() instanceof RowStorage.Reread)).map(RowPlan::cluster).distinct())
        .contains(1, 2, 4, 8, 16);
  }

  private static Case named(String name) {
    return CaseGrid.all().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
  }
}
