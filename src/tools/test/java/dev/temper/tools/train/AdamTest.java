package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AdamTest {

  @Test
  void theFirstStepHasTheLengthOfTheRateWhateverTheGradient() {
    Arena arena = Arena.ofAuto();
    Parameter parameter = Parameter.of(arena, 1, 3);
    parameter.gradient().set(0, 0, 0.5f);
    parameter.gradient().set(0, 1, -50f);
    new Adam(List.of(parameter), arena).step(0.01);
    // 1 - 0.999f is 1.3e-5 relative from 0.001, and its root corrects the rate.
    assertThat(parameter.value().get(0, 0)).isCloseTo(-0.01f, offset(2e-6f));
    assertThat(parameter.value().get(0, 1)).isCloseTo(0.01f, offset(2e-6f));
    assertThat(parameter.value().get(0, 2)).isZero();
  }

  @Test
  void findsTheMinimumOfAParabola() {
    Arena arena = Arena.ofAuto();
    Parameter parameter = Parameter.of(arena, 1, 1);
    Adam adam = new Adam(List.of(parameter), arena);
    for (int step = 0; step < 400; step++) {
      parameter.gradient().set(0, 0, 2 * (parameter.value().get(0, 0) - 3));
      adam.step(0.1 * (400 - step) / 400);
    }
    assertThat(parameter.value().get(0, 0)).isCloseTo(3f, offset(0.01f));
  }
}
