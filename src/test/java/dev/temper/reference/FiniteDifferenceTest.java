package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.SoftValue;
import dev.temper.Teacher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests that the gradient of the reduced loss of a batch is the derivative of its total, for every divergence with
 * every option.
 */
class FiniteDifferenceTest {

  private static final int ROWS = 3;
  private static final int CLASSES = 7;

  /**
   * The step is exact in f32 beside logits that are multiples of 2^-8. The five-point quotient then has an error of
   * about 2^-36.
   */
  private static final float STEP = 0x1p-8f;

  private static final double BOUND = 1e-8;

  private static final Map<String, UnaryOperator<DistillationLoss.Builder>> OPTIONS = new LinkedHashMap<>();

  static {
    OPTIONS.put("plain", b -> b);
    OPTIONS.put("teacher temperature", b -> b.teacherTemperature(1.4));
    OPTIONS.put("softcap", b -> b.softcap(5).hardWeight(0.5));
    OPTIONS.put("label smoothing", b -> b.labelSmoothing(0.1).hardWeight(0.6));
    OPTIONS.put("no scaling", b -> b.temperatureScaling(false));
    OPTIONS.put("mean", b -> b.reduction(Reduction.MEAN).ignoreIndex(2).hardWeight(0.25));
    OPTIONS.put("batch mean", b -> b.reduction(Reduction.BATCH_MEAN).ignoreIndex(2));
    OPTIONS.put("row temperatures", b -> b);
    OPTIONS.put("row weights", b -> b.hardWeight(0.5));
    OPTIONS.put("teacher softcap", b -> b.teacherSoftcap(3).softcap(4));
    OPTIONS.put("standardised", b -> b.standardise(true).hardWeight(0.5));
    OPTIONS.put("standardised and capped", b -> b.standardise(true).softcap(5).teacherTemperature(1.4));
    OPTIONS.put("z-loss", b -> b.zLoss(0.3).hardWeight(0.5).labelSmoothing(0.1));
    OPTIONS.put("soft cross-entropy", b -> b.softValue(SoftValue.CROSS_ENTROPY));
    OPTIONS.put("ignore scope hard", b -> b.ignoreScope(IgnoreScope.HARD).ignoreIndex(2).hardWeight(0.5)
        .reduction(Reduction.MEAN));
    OPTIONS.put("denominators", b -> b.hardWeight(0.5).reduction(Reduction.MEAN));
    OPTIONS.put("padding", b -> b.numClasses(CLASSES - 2).hardWeight(0.5));
  }

  static List<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Divergence divergence : DefinitionTest.DIVERGENCES) {
      OPTIONS.keySet().stream().filter(option -> !isExcluded(divergence, option))
          .forEach(option -> cases.add(Arguments.of(divergence, option)));
    }
    return cases;
  }

  private static boolean isExcluded(Divergence divergence, String option) {
    return (divergence instanceof Divergence.LogitMse && option.startsWith("standardised"))
        || (divergence instanceof Divergence.Dkd && option.equals("ignore scope hard"))
        || (!(divergence instanceof Divergence.ForwardKl) && option.equals("soft cross-entropy"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  // Every option is a key of OPTIONS, so the look-up is never null.
  @SuppressWarnings("NullAway")
  void gradientIsTheDerivativeOfTheTotal(Divergence divergence, String option) {
    DistillationLoss.Builder builder =
        DistillationLoss.builder().divergence(divergence).temperature(2.5).softWeight(0.8).reduction(Reduction.SUM);
    DistillationLoss loss = OPTIONS.get(option).apply(builder).build();
    float[] student = logits(1);
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, ROWS, CLASSES))
        .withTeacher(Teacher.logits(HostMatrix.of(logits(7), ROWS, CLASSES)))
        .withLabels(RowVector.labels(4, 2, 0))
        .withRowTemperatures(option.equals("row temperatures") ? RowVector.temperatures(0.8f, 2, 3.5f) : null)
        .withRowWeights(option.equals("row weights") ? RowVector.weights(0.5f, 0, -3) : null);
    if (option.equals("denominators")) {
      inputs = inputs.withSoftDenominator(Denominator.of(5)).withHardDenominator(Denominator.of(2));
    }
    double[] gradient = new double[ROWS * CLASSES];
    ReferenceLoss.compute(loss, inputs, LossOutputs.none(),
        (row, values, g) -> System.arraycopy(g, 0, gradient, (int) row * CLASSES, CLASSES));
    for (int i = 0; i < gradient.length; i++) {
      float center = student[i];
      double near = total(loss, inputs, student, i, center + STEP) - total(loss, inputs, student, i, center - STEP);
      double far = total(loss, inputs, student, i, center + 2 * STEP) - total(loss, inputs, student, i,
          center - 2 * STEP);
      student[i] = center;
      assertThat(gradient[i]).as("element %d", i).isCloseTo((8 * near - far) / (12 * STEP), within(BOUND));
    }
  }

  private static double total(DistillationLoss loss, LossInputs inputs, float[] student, int i, float value) {
    student[i] = value;
    return ReferenceLoss.compute(loss, inputs, LossOutputs.none(), (row, values, gradient) -> {}).total();
  }

  private static float[] logits(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] logits = new float[ROWS * CLASSES];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = random.nextInt(-600, 600) / 256f;
    }
    return logits;
  }
}
