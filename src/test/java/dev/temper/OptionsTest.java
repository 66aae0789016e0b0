package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the options of a loss: defaults, names, and the messages for refused values. */
class OptionsTest {

  @Test
  void theDefaultsHoldNoHiddenObjective() {
    DistillationLoss loss = DistillationLoss.builder().build();
    assertThat(loss.divergence()).isEqualTo(Divergence.forwardKl());
    assertThat(loss.temperature()).isEqualTo(1);
    assertThat(loss.softWeight()).isEqualTo(1);
    assertThat(loss.hardWeight()).isZero();
    assertThat(loss.temperatureScaling()).isTrue();
    assertThat(loss.reduction()).isEqualTo(Reduction.MEAN);
    assertThat(loss.ignoreIndex()).isEqualTo(-100);
    assertThat(loss.labelSmoothing()).isZero();
    assertThat(loss.softcap()).isEmpty();
    assertThat(loss.teacherTemperature()).isEmpty();
    assertThat(loss.teacherSoftcap()).isEmpty();
    assertThat(loss.standardise()).isFalse();
    assertThat(loss.zLoss()).isZero();
    assertThat(loss.softValue()).isEqualTo(SoftValue.KL);
    assertThat(loss.ignoreScope()).isEqualTo(IgnoreScope.BOTH);
    assertThat(loss.numClasses()).isEmpty();
  }

  @Test
  void hintonGivesTheRestToTheLabels() {
    DistillationLoss loss = DistillationLoss.hinton(2, 0.75);
    assertThat(loss).isEqualTo(DistillationLoss.builder().temperature(2).softWeight(0.75).hardWeight(0.25).build());
    assertThat(loss.toBuilder().build()).isEqualTo(loss);
    assertRefused(() -> DistillationLoss.hinton(2, 1.5)).hasMessageContainingAll("softWeight is 1.5", "0 to 1",
        "builder()");
    assertRefused(() -> DistillationLoss.hinton(2, -0.5)).hasMessageContainingAll("softWeight is -0.5", "0 to 1");
  }

  @ParameterizedTest
  @CsvSource({"0.7, 2", "1, 4", "0, 20"})
  void argumentsOfHintonThatLookSwappedAreNamedInTheirOrder(double temperature, double softWeight) {
    assertRefused(() -> DistillationLoss.hinton(temperature, softWeight)).hasMessageContainingAll(
        "temperature " + temperature, "softWeight " + softWeight, "look swapped", "temperature is the first argument",
        "the second");
  }

  @Test
  void twoWeightsOfZeroAreRefused() {
    assertRefused(DistillationLoss.builder().softWeight(0).hardWeight(0)::build)
        .hasMessageContaining("softWeight and hardWeight are both 0, expected at least one above 0");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 0.99e-6, 1.01e6, 1e24, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void temperaturesLieBetweenTheirLimits(double bad) {
    DistillationLoss.Builder builder = DistillationLoss.builder();
    assertRefused(() -> builder.temperature(bad).build()).hasMessageContainingAll("temperature is " + bad,
        "expected a number from 1e-6 to 1e6");
    DistillationLoss.Builder teacher = DistillationLoss.builder().teacherTemperature(bad);
    assertRefused(teacher::build).hasMessageContainingAll("teacherTemperature is " + bad, "from 1e-6 to 1e6");
  }

  @Test
  void theLimitsOfTemperaturesAreAllowed() {
    DistillationLoss loss = DistillationLoss.builder().temperature(1e-6).teacherTemperature(1e6).build();
    assertThat(loss.toBuilder().temperature(DistillationLoss.MAX_TEMPERATURE).build().temperature()).isEqualTo(1e6);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void theSoftcapIsFiniteAndAboveZero(double bad) {
    DistillationLoss.Builder softcap = DistillationLoss.builder().softcap(bad);
    assertRefused(softcap::build).hasMessageContainingAll("softcap is " + bad, "finite number above 0");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, Double.NaN, Double.POSITIVE_INFINITY})
  void weightsAreFiniteAndNotNegative(double bad) {
    DistillationLoss.Builder soft = DistillationLoss.builder().softWeight(bad);
    assertRefused(soft::build).hasMessageContainingAll("softWeight is " + bad, "0 or more");
    DistillationLoss.Builder hard = DistillationLoss.builder().hardWeight(bad);
    assertRefused(hard::build).hasMessageContainingAll("hardWeight is " + bad, "0 or more");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, Double.NaN})
  void labelSmoothingIsBelowOne(double bad) {
    DistillationLoss.Builder builder = DistillationLoss.builder().labelSmoothing(bad);
    assertRefused(builder::build).hasMessageContainingAll("labelSmoothing is " + bad, "from 0 up to");
  }

  @Test
  void numClassesIsPositive() {
    assertRefused(DistillationLoss.builder().numClasses(0)::build)
        .hasMessageContainingAll("numClasses is 0", "1 or more");
  }

  @ParameterizedTest
  @CsvSource({"0, jsd", "1, jsd", "1, skew-forward-kl", "-0.1, skew-forward-kl", "1, skew-reverse-kl", "1.5, mixed"})
  void parametersOfDivergencesAreRefusedWithTheKlToUseInstead(double parameter, String kind) {
    assertRefused(() -> Divergence.parse(kind + ":" + parameter)).hasMessageContainingAll(kind, "is " + parameter,
        "expected");
    if (parameter == 1) {
      String remedy = kind.contains("reverse") ? "use reverse-kl" : "use forward-kl";
      assertRefused(() -> Divergence.parse(kind + ":1")).hasMessageContaining(remedy);
    }
  }

  @Test
  void parametersOfDivergencesAreNumbers() {
    assertRefused(() -> Divergence.jensenShannon(Double.NaN)).hasMessageContainingAll("jsd", "beta is NaN");
    assertRefused(() -> Divergence.mixed(Double.NaN)).hasMessageContainingAll("mixed", "lambda is NaN");
    assertRefused(() -> Divergence.skewForwardKl(Double.NaN)).hasMessageContainingAll("skew-forward-kl", "skew is NaN");
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "forward-kl", "reverse-kl", "mixed:0.25", "jsd:0.5", "skew-forward-kl:0.1", "skew-reverse-kl:0.1", "tvd",
        "nla", "logit-mse", "dkd:1.0,8.0"
  })
  void divergencesAreReadBackFromTheirLabel(String label) {
    assertThat(Divergence.parse(label).label()).isEqualTo(label);
    assertThat(Divergence.parse(" " + label.toUpperCase(Locale.ROOT))).isEqualTo(Divergence.parse(label));
  }

  @Test
  void anUnknownDivergenceIsRefusedWithTheNearestAndAllKnownNames() {
    assertIllegal(() -> Divergence.parse("foward-kl"))
        .hasMessageContainingAll("unknown divergence 'foward-kl'", "did you mean 'forward-kl'", "jsd:B", "tvd",
        "logit-mse");
    assertIllegal(() -> Divergence.parse("jsd")).hasMessageContainingAll("jsd needs its parameter", "jsd:0.5");
    assertIllegal(() -> Divergence.parse("jsd:half")).hasMessageContainingAll("'half' is not a number", "jsd:0.5");
    assertIllegal(() -> Divergence.parse("tvd:0.5")).hasMessageContainingAll("tvd takes no parameter", "tvd:0.5");
    assertIllegal(() -> Divergence.parse("dkd:1")).hasMessageContainingAll("dkd:1 needs two weights", "dkd:1,8");
    assertIllegal(() -> Divergence.parse("dkd:1,8,2")).hasMessageContainingAll("'8,2' is not a number", "dkd:1,8");
    assertIllegal(() -> Divergence.parse("nla:1")).hasMessageContaining("nla takes no parameter");
    assertIllegal(() -> Divergence.parse("")).hasMessageContaining("unknown divergence ''");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -3, Double.NaN, Double.POSITIVE_INFINITY})
  void theDenominatorIsFiniteAndAboveZero(double bad) {
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[2], 1, 2));
    assertRefused(() -> inputs.withDenominator(bad)).hasMessageContainingAll("denominator is " + bad,
        "finite number above 0");
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void theGradientScaleIsFinite(double bad) {
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[2], 1, 2));
    assertRefused(() -> inputs.withGradientScale(bad)).hasMessageContainingAll("gradientScale is " + bad, "finite");
  }

  @Test
  void threadsAreAtLeastOne() {
    assertIllegal(() -> EngineOptions.defaults().withThreads(0)).hasMessageContainingAll("threads is 0", "1 or more");
  }

  @Test
  void enginesHaveTunedPlansUnlessSwitchedOff() {
    EngineOptions off = EngineOptions.defaults().withThreads(2).withTunedPlans(false).withStream(7);
    assertThat(EngineOptions.defaults().tunedPlans()).isTrue();
    assertThat(off.tunedPlans()).isFalse();
    assertThat(off.toString()).endsWith(", tunedPlans=false]");
    assertThat(off).isNotEqualTo(off.withTunedPlans(true));
    assertThat(off.withTunedPlans(true).withTunedPlans(false)).isEqualTo(off);
  }

  /** Requires the exception that carries the names of options. */
  private static AbstractThrowableAssert<?, ?> assertRefused(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(LossArgumentException.class);
  }

  private static AbstractThrowableAssert<?, ?> assertIllegal(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(IllegalArgumentException.class);
  }
}
