package dev.temper.kernel.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.Denominator;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.OpenedEngine;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.Divisors;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Compares the check of a batch by the check kernel with the check in host memory. */
final class BatchCheckTest {

  private static final int CLASSES = 6;
  private static final DistillationLoss LOSS =
      DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();

  private final EngineBackend host = OpenedEngine.backend("reference");
  private final EngineBackend device = OpenedEngine.backend("emulator");
  private final LossInputs inputs = LossInputs.of(HostMatrix.of(new float[12], 4, 3))
      .withTeacher(Teacher.logits(HostMatrix.of(new float[24], 4, CLASSES)));

  @AfterEach
  void close() {
    device.close();
    host.close();
  }

  @Test
  void divisorsAreThoseOfTheBatch() {
    LossInputs labelled = inputs.withLabels(RowVector.labels(new int[] {1, -100, 5, 0}));
    for (IgnoreScope scope : IgnoreScope.values()) {
      for (Reduction reduction : Reduction.values()) {
        DistillationLoss loss = LOSS.toBuilder().ignoreScope(scope).reduction(reduction).build();
        assertSame(loss, labelled);
        assertSame(loss, inputs);
      }
    }
    assertSame(LOSS, labelled.withSoftDenominator(Denominator.of(7)));
    assertSame(LOSS, inputs.withLabels(RowVector.labels(new int[] {-100, -100, -100, -100})));
    assertSame(LOSS, LossInputs.of(HostMatrix.of(new float[0], 0, 3)).withLabels(RowVector.labels(new int[0])));
  }

  @Test
  void aDenominatorInDeviceMemoryIsReadAndChecked() {
    try (DeviceBuffer memory = device.allocate(4)) {
      LossInputs divided = inputs.withDenominator(Denominator.at(memory.address()));
      memory.upload(MemorySegment.ofArray(new float[] {8}));
      assertThat(check(device, LOSS, divided)).isEqualTo(new Divisors(0.125, 0.125));
      memory.upload(MemorySegment.ofArray(new float[] {-1}));
      assertThatThrownBy(() -> check(device, LOSS, divided)).isInstanceOf(LossArgumentException.class)
          .hasMessageContaining("denominator in memory is -1.0");
    }
  }

  @Test
  void theFirstInvalidValueIsNamed() {
    assertRefused(inputs.withLabels(RowVector.labels(new int[] {1, 6, -3, 0})), "labels: row 1 has label 6");
    assertRefused(inputs.withRowWeights(RowVector.weights(new float[] {1, 1, Float.NaN, 1})),
        "row_weights: row 2 has weight NaN");
    assertRefused(inputs.withRowTemperatures(RowVector.temperatures(new float[] {1, 1, 1, 0})),
        "row_temperatures: row 3 has temperature 0.0");
    assertRefused(inputs.withTeacher(Teacher.topK(IdMatrix.of(new int[] {0, 1, 2, 3, 4, 5, 2, 2}, 4, 2),
        HostMatrix.of(new float[] {-1, -1, -1, -1, -1, -1, -1, -1}, 4, 2), Tail.BUCKET)),
        "teacher_ids: row 3 has id 2");
    // The status of an invalid batch is cleared.
    assertThat(check(device, LOSS, inputs.withLabels(RowVector.labels(new int[] {1, 2, 3, 4}))))
        .isEqualTo(new Divisors(0.25, 0.25));
  }

  private static Divisors check(EngineBackend engine, DistillationLoss loss, LossInputs batch) {
    try (ChunkedLoss chunks = engine.chunks()) {
      chunks.begin(new LossCall(loss, batch, LossOutputs.none(), CLASSES, null, null));
      chunks.check();
      return chunks.divisors();
    }
  }

  private void assertSame(DistillationLoss loss, LossInputs batch) {
    assertThat(check(device, loss, batch)).isEqualTo(check(host, loss, batch));
  }

  private void assertRefused(LossInputs batch, String message) {
    for (EngineBackend each : new EngineBackend[] {host, device}) {
      assertThatThrownBy(() -> check(each, LOSS, batch)).isInstanceOf(LossArgumentException.class)
          .hasMessageContaining(message);
    }
  }
}
