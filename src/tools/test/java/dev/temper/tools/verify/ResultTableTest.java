package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests the sentence about the largest error. */
final class ResultTableTest {

  @Test
  void everyErrorIsWithinItsBoundOnlyIfNoCaseFails() {
    assertThat(ResultTable.of(verification(1.25)))
        .contains("every error is within its bound; the largest uses 50.0 % of its bound, in group softcap");
    assertThat(ResultTable.of(verification(2.0))).doesNotContain("every error")
        .contains("largest finite error: 200.0 % of its bound, expected at most 100 %, in group softcap");
    assertThat(ResultTable.of(verification(Double.NaN))).doesNotContain("every error");
  }

  /** One case with an error of 0.25 and one with that of {@code found} from 1, both with a bound of 0.5. */
  private static Verification verification(double found) {
    Comparison comparison = new Comparison();
    comparison.within("value", new double[] {1.25, found}, new double[] {1, 1}, new double[] {0.5, 0.5}, DType.F32, 1);
    CaseResult result = new CaseResult(CaseGroup.SOFTCAP, "softcap/case", 2,
        comparison.holds() ? CaseOutcome.PASSED : CaseOutcome.FAILED, comparison.mismatches(),
        comparison.mismatchCount(), comparison.compared(), comparison.worst(), null, "command");
    return new Verification("cpu", "cpu", Optional.empty(), 1, 1,
        List.of(new GroupResult(CaseGroup.SOFTCAP, List.of(result))));
  }
}
