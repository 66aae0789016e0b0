package dev.temper.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests which known name is suggested for a mistyped name. */
class NamesTest {

  private static final List<String> KNOWN = List.of("-h", "--k", "--tail", "--temperature", "loss", "cpu", "f32");

  @ParameterizedTest
  @CsvSource({
    "--temprature, --temperature",
    "-temperature, --temperature",
    "--tial, --tail",
    "--kk, --k",
    "lss, loss",
    "LOSS, loss",
    "cpuu, cpu",
  })
  void theNearestNameIsSuggested(String unknown, String known) {
    assertThat(Names.suggestion(unknown, KNOWN)).isEqualTo(" (did you mean '" + known + "'?)");
  }

  @ParameterizedTest
  @CsvSource({"-x", "--x", "gpu", "tpu", "f64", "bf16", "k2v", "''"})
  void aShortNameIsNotTakenForAnotherOne(String unknown) {
    assertThat(Names.suggestion(unknown, KNOWN)).isEmpty();
  }
}
