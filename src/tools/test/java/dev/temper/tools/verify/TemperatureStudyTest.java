package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Ratio of gradient norms, T = 4 over T = 1, random logits of sigma 3. */
class TemperatureStudyTest {

  private static final List<TemperatureStudy> STUDIES = TemperatureStudy.run(1);

  @Test
  void theRatioAtFourShrinksWithTheNumberOfClasses() {
    assertThat(study(3).at(4).meanOfRatios()).isCloseTo(0.25, within(0.03));
    assertThat(study(3).at(4).unscaled()).as("ratio of means, which rows with large gradients rule")
        .isCloseTo(0.12, within(0.02));
    assertThat(study(10).at(4).unscaled()).isCloseTo(0.09, within(0.01));
    assertThat(study(100).at(4).unscaled()).isCloseTo(0.04, within(0.01));
    assertThat(study(32000).at(4).unscaled()).isCloseTo(0.008, within(0.0015));
  }

  @Test
  void withTheSquareTheNormSettlesAndWithoutItDecaysAsOneOverTheSquare() {
    for (TemperatureStudy study : STUDIES) {
      TemperatureStudy.StudyPoint near = study.at(64);
      TemperatureStudy.StudyPoint far = study.at(100);
      assertThat(far.scaled() / near.scaled()).as("C = " + study.classes()).isCloseTo(1, within(0.03));
      assertThat(far.unscaled() / near.unscaled()).as("C = " + study.classes()).isCloseTo(0.64 * 0.64, within(0.015));
    }
  }

  private static TemperatureStudy study(int classes) {
    return STUDIES.stream().filter(s -> s.classes() == classes).findFirst().orElseThrow();
  }
}
