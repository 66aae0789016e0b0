package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Teacher;
import dev.temper.cpu.blas.OpenBlasProducts;
import dev.temper.spi.Products;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

final class LanguageModelTest {

  private static final LanguageModel.Shape SHAPE = new LanguageModel.Shape(11, 3, 5, 7);
  private static final WordBatch BATCH =
      new WordBatch(3, new int[] {1, 1, 4, 1, 4, 9, 4, 9, 2, 9, 2, 10}, new int[] {9, 2, Examples.NO_LABEL, 1},
          new int[4]);
  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  private final Arena arena = Arena.ofAuto();
  private final Products products = OpenBlasProducts.open(1);

  @Test
  void countsItsParameters() {
    assertThat(SHAPE.parameters()).isEqualTo(11 * 5 + (15 + 1) * 7 + (7 + 1) * 11);
    long weights = new LanguageModel(SHAPE, 4, products, arena, 1).parameters().stream()
        .mapToLong(p -> p.value().size()).sum();
    assertThat(weights).isEqualTo(SHAPE.parameters());
  }

  /**
   * Compares the gradient with respect to every weight with a central difference of step h = 2^-7. The truncation is
   * about h^2 / 6 times a third derivative of order 1, and the rounding of two f32 losses of size 3 about 8 u 3 / h;
   * both are below 2e-4. A rectified unit whose input changes its sign within the step would be off by far more, but
   * this seed has none.
   */
  @Test
  void gradientIsThatOfFiniteDifferences() {
    try (LossEngine engine = LossEngine.open("reference")) {
      LanguageModel model = new LanguageModel(SHAPE, 4, products, arena, 5);
      LanguageModel teacher = new LanguageModel(new LanguageModel.Shape(11, 3, 6, 9), 4, products, arena, 6);
      Matrix gradient = Matrix.zeros(arena, 4, 11);
      engine.forwardBackward(LOSS, inputs(model, teacher), LossOutputs.gradient(gradient.view()));
      model.backward(BATCH, gradient);
      float h = 0x1p-7f;
      double largest = 0;
      for (Parameter parameter : model.parameters()) {
        for (int row = 0; row < parameter.value().rows(); row++) {
          for (int column = 0; column < parameter.value().columns(); column++) {
            float before = parameter.value().get(row, column);
            parameter.value().set(row, column, before + h);
            double above = engine.forward(LOSS, inputs(model, teacher)).total();
            parameter.value().set(row, column, before - h);
            double below = engine.forward(LOSS, inputs(model, teacher)).total();
            parameter.value().set(row, column, before);
            double found = parameter.gradient().get(row, column);
            assertThat(found).isCloseTo((above - below) / (2 * h), offset(4e-4));
            largest = Math.max(largest, Math.abs(found));
          }
        }
      }
      assertThat(largest).isGreaterThan(0.1);
    }
  }

  @Test
  void equalSeedsGiveEqualModels() {
    float first = new LanguageModel(SHAPE, 4, products, arena, 3).forward(BATCH).get(2, 5);
    assertThat(new LanguageModel(SHAPE, 4, products, arena, 3).forward(BATCH).get(2, 5)).isEqualTo(first);
    assertThat(new LanguageModel(SHAPE, 4, products, arena, 4).forward(BATCH).get(2, 5)).isNotEqualTo(first);
  }

  private static LossInputs inputs(LanguageModel model, LanguageModel teacher) {
    return LossInputs.of(model.forward(BATCH).view()).withTeacher(Teacher.logits(teacher.forward(BATCH).view()))
        .withLabels(BATCH.labels());
  }
}
