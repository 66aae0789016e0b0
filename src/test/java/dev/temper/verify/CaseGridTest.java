package dev.temper.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

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
      CaseData again = CaseData.of(CaseGrid.named(c.name()).getFirst(), 7);
      assertThat(again.student()).as(c.name()).isEqualTo(first.student());
      assertThat(again.teacher()).as(c.name()).isEqualTo(first.teacher());
      assertThat(again.labels()).as(c.name()).isEqualTo(first.labels());
      assertThat(again.weights()).as(c.name()).isEqualTo(first.weights());
    }
  }

  @Test
  void anotherSeedGivesOtherNumbers() {
    Case c = CaseGrid.named("classes/c1000").getFirst();
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

  @Test
  void aMistypedCaseNamesTheNearest() {
    assertThatThrownBy(() -> CaseGrid.named("classes/c100O")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("classes/c100O").hasMessageContaining("did you mean 'classes/c100");
  }
}
