package dev.temper.benchmarks;

import static dev.temper.benchmarks.RoundingBounds.norm;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import java.util.function.BinaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** PyTorch trains a model with Temper's loss, on PyTorch's own memory. */
final class TorchTrainingTest {

  private static final int STEPS = 20;
  private static final DistillationLoss LOSS =
      DistillationLoss.hinton(LinearModel.TEMPERATURE, LinearModel.SOFT_WEIGHT);

  @Test
  void firstGradientsAgreeWithAutogradInDoublePrecision() {
    assertFirstGradients(new LinearModel(), (exact, bound) -> bound);
  }

  @Test
  void firstGradientsOfBf16LogitsAgreeToTheirLastBit() {
    assertFirstGradients(new LinearModel(ScalarType.BFloat16), RoundingBounds::storedInBf16);
  }

  /** {@code stored}: the bound of a gradient with the logits' dtype, from the exact one and the bound of f32. */
  private static void assertFirstGradients(LinearModel model, BinaryOperator<Tensor> stored) {
    Tensor logits = model.logits();
    try (LossEngine engine = LossEngine.open("auto")) {
      Tensor gradient = model.backwardWithTemper(logits, engine, LOSS);
      assertThat(gradient.scalar_type().intern()).isEqualTo(logits.scalar_type().intern());

      Tensor exact = model.exactGradient(logits);
      Tensor bound = stored.apply(exact, RoundingBounds.gradient(logits, model.teacher, exact));
      assertThat(worstShare(gradient, exact, bound)).as("gradient with respect to the logits, share of its bound")
          .isBetween(0.01, 1.0);

      Tensor exactWeights = model.x.to(ScalarType.Double).t().matmul(exact);
      Tensor weightBound = RoundingBounds.weightGradient(model.x, exact, bound);
      assertThat(worstShare(model.weights.grad(), exactWeights, weightBound)).as("gradient with respect to the weights")
          .isBetween(0.01, 1.0);
    }
  }

  @Test
  void twentyStepsEndWithTheParametersOfTorchsOwnLoss() {
    LinearModel withTorch = new LinearModel();
    double squaredBound = 0;
    double rate = RoundingBounds.safeRate(withTorch);
    Tensor start = withTorch.weights.detach().clone();
    for (int step = 0; step < STEPS; step++) {
      Tensor logits = withTorch.logits();
      double apart = RoundingBounds.step(withTorch, logits, rate);
      squaredBound += apart * apart;
      withTorch.backwardWithTorch(logits);
      withTorch.descend(rate);
    }

    double bound = Math.sqrt(squaredBound);
    assertThat(distance(trainWithTemper(LOSS, rate), withTorch.weights)).isLessThan(bound);
    assertThat(distance(start, withTorch.weights)).as("the model has learnt").isGreaterThan(1000 * bound);
    DistillationLoss other = LOSS.toBuilder().temperature(LinearModel.TEMPERATURE + 1e-4).build();
    assertThat(distance(trainWithTemper(other, rate), withTorch.weights)).as("the bound notices a wrong temperature")
        .isGreaterThan(bound);
  }

  private static Tensor trainWithTemper(DistillationLoss loss, double rate) {
    LinearModel model = new LinearModel();
    try (LossEngine engine = LossEngine.open("auto")) {
      for (int step = 0; step < STEPS; step++) {
        model.backwardWithTemper(model.logits(), engine, loss);
        model.descend(rate);
      }
    }
    return model.weights;
  }

  private static double distance(Tensor a, Tensor b) {
    return norm(a.detach().to(ScalarType.Double).sub(b.detach().to(ScalarType.Double)));
  }

  private static double worstShare(Tensor found, Tensor exact, Tensor bound) {
    return found.to(ScalarType.Double).sub(exact).abs().div(bound).max().item_double();
  }
}
