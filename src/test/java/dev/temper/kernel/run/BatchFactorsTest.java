package dev.temper.kernel.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DeviceMatrix;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.OpenedEngine;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.ChunkedLoss.FactorsInMemory;
import dev.temper.spi.Divisors;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;
import dev.temper.spi.RowChecks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The factors of a linear head, which a kernel computes from the labels that the check has counted. */
final class BatchFactorsTest {

  private static final int CLASSES = 6;
  private static final DistillationLoss LOSS =
      DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();
  private static final int[][] BATCHES = {{1, -100, 5, 0}, {1, 2, 3, 4}, {-100, -100, -100, -100}, {-100, 0, -100, 1}};

  private final EngineBackend device = OpenedEngine.backend("emulator");
  private final Products products = device.products();
  private final MemorySegment labels = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, 4);
  private final LossInputs inputs = LossInputs.of(HostMatrix.of(new float[12], 4, 3))
      .withTeacher(Teacher.logits(HostMatrix.of(new float[24], 4, CLASSES)))
      .withLabels(RowVector.labels(labels, 4, DType.I32)).withGradientScale(0.5);

  @AfterEach
  void close() {
    products.close();
    device.close();
  }

  @Test
  void factorsAreThoseOfTheLabelsThatTheCheckCounted() {
    for (IgnoreScope scope : IgnoreScope.values()) {
      for (Reduction reduction : Reduction.values()) {
        assertCounted(LOSS.toBuilder().ignoreScope(scope).reduction(reduction).build(), inputs);
      }
      DistillationLoss mean = LOSS.toBuilder().ignoreScope(scope).build();
      assertCounted(mean, inputs.withSoftDenominator(Denominator.of(7)));
      assertCounted(mean, inputs.withHardDenominator(Denominator.of(0.3)));
      assertCounted(mean.toBuilder().softWeight(0).build(), inputs);
      assertCounted(mean.toBuilder().hardWeight(0).build(), inputs);
    }
  }

  /** Compares the factors of several batches in the same memory with the divisors of the host. */
  private void assertCounted(DistillationLoss loss, LossInputs batch) {
    LossCall call = call(loss, batch);
    try (ChunkedLoss chunks = device.chunks()) {
      chunks.begin(call);
      FactorsInMemory factors = chunks.factors().orElseThrow();
      for (int[] values : BATCHES) {
        MemorySegment.copy(values, 0, labels, ValueLayout.JAVA_INT, 0, values.length);
        chunks.check();
        factors.submit(4);
        Divisors expected = Divisors.of(loss, batch, RowChecks.check(call));
        float product = value(factors.products().rows(0, 1));
        assertThat(value(factors.products().rows(1, 2))).as("beta of a product that overwrites").isZero();
        assertThat(value(factors.products().rows(2, 3))).as("beta of a product that adds").isOne();
        // A part without rows has no gradient, whatever its divisor is.
        if (expected.softScale() != 0) {
          assertThat(product / value(factors.soft())).isCloseTo((float) (0.5 * expected.softScale()), within(1e-7f));
        }
        if (expected.hardScale() != 0) {
          assertThat(product / value(factors.hard())).isCloseTo((float) (0.5 * expected.hardScale()), within(1e-7f));
        }
        assertThat(value(factors.soft())).isBetween(0x1p-126f, 4f);
        assertThat(value(factors.hard())).isBetween(0x1p-126f, 4f);
        assertThat(Math.max(value(factors.soft()), value(factors.hard()))).isEqualTo(4);
      }
    }
  }

  @Test
  void factorsOfAnInvalidBatchLeaveResultsOfProductsAsTheyAre() {
    try (ChunkedLoss chunks = device.chunks()) {
      chunks.begin(call(LOSS, inputs));
      FactorsInMemory factors = chunks.factors().orElseThrow();
      labels.setAtIndex(ValueLayout.JAVA_INT, 3, CLASSES);
      chunks.check();
      factors.submit(1);
      assertThat(value(factors.products().rows(0, 1))).as("alpha").isZero();
      assertThat(value(factors.products().rows(1, 2))).as("beta of a product that overwrites").isOne();
      assertThat(value(factors.products().rows(2, 3))).as("beta of a product that adds").isOne();
      assertThat(value(factors.soft())).isNaN();
      assertThat(value(factors.hard())).isNaN();
      assertThatThrownBy(() -> chunks.totals().totals()).hasMessageContaining("labels: row 3 has label 6");
      labels.fill((byte) 0);
      chunks.begin(call(LOSS, inputs));
      chunks.check();
      factors.submit(1);
      assertThat(value(factors.products().rows(0, 1))).isEqualTo(0.125f);
      assertThat(value(factors.products().rows(1, 2))).isZero();
    }
  }

  private static LossCall call(DistillationLoss loss, LossInputs batch) {
    return new LossCall(loss, batch, LossOutputs.none(), CLASSES, null, null);
  }

  private float value(Denominator denominator) {
    return value(((Denominator.InMemory) denominator).vector());
  }

  /** Reads a value in device memory, by a product with 1. */
  private float value(RowVector at) {
    HostMatrix one = HostMatrix.of(new float[] {1}, 1, 1);
    MemorySegment result = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);
    MatrixView value = new DeviceMatrix(((RowVector.Device) at).address(), 1, 1, 1, DType.F32);
    products.multiply(1, Operand.of(value), Operand.of(one), 0, HostMatrix.of(result, 1, 1, DType.F32));
    return result.get(ValueLayout.JAVA_FLOAT, 0);
  }
}
