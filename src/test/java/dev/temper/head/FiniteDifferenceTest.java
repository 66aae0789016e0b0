package dev.temper.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import org.junit.jupiter.api.Test;

/** Compares the gradients of the reference with differences of its total. */
class FiniteDifferenceTest {

  /** The step in the inputs. Rounded logits make a difference of totals uncertain by about {@code 10 u / STEP}. */
  private static final double STEP = 0x1p-7;

  /** The error of a central difference is {@code STEP^2 / 6} times a third derivative, which is below 100 here. */
  private static final double BOUND = 100 * STEP * STEP / 6;

  private final HeadBatch batch = HeadBatch.of(5, DType.F32, 1);

  @Test
  void everyGradientIsTheDerivativeOfTheTotal() {
    batch.labels[3] = -100;
    DistillationLoss loss = DistillationLoss.builder().divergence(Divergence.jensenShannon(0.3)).temperature(2)
        .softWeight(0.7).hardWeight(0.4).build();
    LossInputs inputs = batch.inputs();
    compare(loss, inputs);
    compare(loss.toBuilder().ignoreScope(IgnoreScope.HARD).build(), inputs);
    compare(loss, inputs.withRowWeights(RowVector.weights(1, -2, 0.5f, 3, 0)));
  }

  private void compare(DistillationLoss loss, LossInputs inputs) {
    try (LossEngine engine = LossEngine.open("reference", EngineOptions.defaults().withHeadWorkspace(2500))) {
      assertThat(engine.forwardBackward(loss, inputs, batch.outputs()).workspace().orElseThrow().chunks())
          .isGreaterThan(1);
      compare(engine, loss, inputs, batch.hidden, batch.hiddenGradient);
      compare(engine, loss, inputs, batch.weight, batch.weightGradient);
      compare(engine, loss, inputs, batch.bias, batch.biasGradient);
    }
  }

  private static void compare(LossEngine engine, DistillationLoss loss, LossInputs inputs, HostMatrix by,
      HostMatrix gradient) {
    for (int row = 0; row < by.rows(); row++) {
      for (int column = 0; column < by.classes(); column++) {
        double before = HeadBatch.get(by, row, column);
        HeadBatch.set(by, row, column, before + STEP);
        double above = engine.forward(loss, inputs).total();
        double right = HeadBatch.get(by, row, column);
        HeadBatch.set(by, row, column, before - STEP);
        double below = engine.forward(loss, inputs).total();
        double width = right - HeadBatch.get(by, row, column);
        HeadBatch.set(by, row, column, before);
        assertThat(HeadBatch.get(gradient, row, column)).as("[" + row + ", " + column + "]")
            .isCloseTo((above - below) / width, within(BOUND));
      }
    }
  }
}
