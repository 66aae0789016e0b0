package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Tests that the checks of a head find one wrong number in its results. */
class HeadOracleTest {

  private static final List<Function<HeadRun.Found, double[]>> RESULTS =
      List.of(HeadRun.Found::hidden, HeadRun.Found::weight, HeadRun.Found::bias, HeadRun.Found::rowSoft);

  @Test
  void everyGradientOutsideItsBoundIsSeen() {
    HeadCase c = named("head-gradients/forward-kl-f32");
    HeadData data = HeadData.of(c, 3);
    try (LossEngine engine = open(c)) {
      HeadRun.Found found = HeadRun.run(engine, c, data);
      assertThat(judge(c, data, found)).isTrue();
      for (Function<HeadRun.Found, double[]> result : RESULTS) {
        double[] values = result.apply(found);
        double kept = values[1];
        values[1] = kept * 1.0001 + 1e-5;
        assertThat(judge(c, data, found)).isFalse();
        values[1] = Double.NaN;
        assertThat(judge(c, data, found)).isFalse();
        values[1] = kept;
      }
      assertThat(judge(c, data, found)).isTrue();
    }
  }

  @Test
  void aWrongDerivativeIsSeen() {
    HeadCase c = named("head-differences/f32");
    HeadData data = HeadData.of(c, 3);
    try (LossEngine engine = open(c)) {
      HeadRun.Found found = HeadRun.run(engine, c, data);
      Comparison comparison = new Comparison();
      HeadDifferences.compare(c, data, found, comparison);
      assertThat(comparison.holds()).isTrue();
      found.weight()[2] += 1e-4;
      HeadDifferences.compare(c, data, found, comparison);
      assertThat(comparison.holds()).isFalse();
    }
  }

  @Test
  void chunksHaveTheRowsOfTheCase() {
    for (HeadCase c : HeadCases.all()) {
      try (LossEngine engine = open(c)) {
        assertThat(HeadRun.run(engine, c, HeadData.of(c, 1)).workspace().chunkRows()).as(c.loss().name())
            .isEqualTo(Math.clamp(c.rows(), 1, c.chunkRows()));
      }
    }
  }

  private static boolean judge(HeadCase c, HeadData data, HeadRun.Found found) {
    Comparison comparison = new Comparison();
    new HeadOracle(c, data).compare(found, comparison);
    return comparison.holds();
  }

  private static LossEngine open(HeadCase c) {
    return LossEngine.open("reference",
        EngineOptions.defaults().withHeadWorkspace(c.workspace()).withChunkLogits(c.chunkLogits()));
  }

  private static HeadCase named(String name) {
    return HeadCases.all().stream().filter(c -> c.loss().name().equals(name)).findFirst().orElseThrow();
  }
}
