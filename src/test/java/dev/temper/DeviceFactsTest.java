package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.diagnostics.DeviceFacts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Tests that engines with device memory report the facts of their device, and that all others report none. */
class DeviceFactsTest extends EachDevice {

  @Test
  void factsAreThereWhereMemoryIs() {
    if (engine().diagnostics().facts().isEmpty()) {
      assertThatThrownBy(() -> engine().allocate(1)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("host memory");
      return;
    }
    DeviceFacts facts = engine().diagnostics().facts().get();
    assertThat(facts.name()).isNotBlank();
    assertThat(facts.capability()).matches("\\d+\\.\\d");
    assertThat(facts.multiprocessors()).isPositive();
    assertThat(facts.cacheBytes()).isPositive();
    assertThat(facts.clusters()).matches("none|up to (2|4|8|16) blocks");
    assertThat(facts.compiler()).isNotBlank();
    try (DeviceBuffer buffer = engine().allocate(256)) {
      assertThat(buffer.address() % 256).isZero();
      MemorySegment last = MemorySegment.ofArray(new byte[] {1, 2, 3});
      buffer.upload(253, last);
      MemorySegment back = MemorySegment.ofArray(new byte[2]);
      buffer.download(254, back);
      assertThat(back.toArray(ValueLayout.JAVA_BYTE)).containsExactly(2, 3);
      assertThatThrownBy(() -> buffer.upload(254, last)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("256");
      assertThatThrownBy(() -> buffer.download(-1, back)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("offset is -1");
    }
  }

  @Test
  void aPreparedLossHoldsAFewFloatsForEachRow() {
    int rows = 1000;
    int classes = 64;
    try (Arena arena = Arena.ofShared()) {
      HostMatrix student = HostMatrix.of(arena.allocate(ValueLayout.JAVA_FLOAT, (long) rows * classes), rows, classes,
          DType.F32);
      HostMatrix gradient = HostMatrix.of(arena.allocate(ValueLayout.JAVA_FLOAT, (long) rows * classes), rows, classes,
          DType.F32);
      RowVector labels = RowVector.labels(arena.allocate(ValueLayout.JAVA_LONG, rows), rows, DType.I64);
      DistillationLoss loss = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
      if (engine().diagnostics().facts().isEmpty()) {
        try (PreparedLoss prepared = engine().prepare(loss, LossInputs.of(student).withLabels(labels),
            LossOutputs.gradient(gradient))) {
          assertThat(prepared.deviceBytes()).isZero();
        }
        return;
      }
      try (DeviceBuffer logits = engine().allocate(student.byteSize()); DeviceBuffer written = engine()
          .allocate(student.byteSize());
          DeviceBuffer labelled = engine().allocate(rows * 8L)) {
        logits.upload(student.segment());
        labelled.upload(((RowVector.Host) labels).segment());
        LossInputs inputs = LossInputs.of(logits.matrix(rows, classes, DType.F32))
            .withLabels(labelled.labels(rows, DType.I64));
        try (PreparedLoss prepared = engine()
            .prepare(loss, inputs, LossOutputs.gradient(written.matrix(rows, classes, DType.F32)))) {
          prepared.launch();
          assertThat(prepared.totals().total()).isCloseTo(Math.log(classes), within(1e-5));
          assertThat(prepared.deviceBytes()).isPositive().isLessThan(4L * Float.BYTES * rows);
        }
      }
    }
  }
}
