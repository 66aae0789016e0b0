package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors in host memory: some are accessed in place, others are copied. */
final class HostTensorsTest extends EmulatorTest {

  private static final byte GAP = 0x5a;

  private final DeviceBatch batch = new DeviceBatch(6, 37, 2);

  @TempDir Path folder;

  /** Heap memory and misaligned memory are copied; aligned native memory is accessed in place. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 7, 16})
  void gapsBetweenRowsStayAsTheyAreAtAnyAddress(int shift) {
    int stride = 41;
    DeviceBatch.Bits expected = batch.onHeap(engine());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment native16 = arena.allocate(4L * stride * 6 + 32, 16).fill(GAP);
      for (MemorySegment memory : new MemorySegment[] {native16,
          MemorySegment.ofArray(native16.toArray(ValueLayout.JAVA_BYTE))}) {
        HostMatrix gradient = new HostMatrix(memory.asSlice(shift), 6, 37, stride, DType.F32);
        LossInputs inputs = LossInputs.of(HostMatrix.of(batch.student, 6, 37))
            .withTeacher(Teacher.logits(HostMatrix.of(batch.teacher, 6, 37)))
            .withLabels(RowVector.labels(batch.labels));
        LossTotals totals = engine().forwardBackward(DeviceBatch.LOSS, inputs, LossOutputs.gradient(gradient)).totals();
        assertThat(totals).isEqualTo(expected.totals());
        for (int row = 0; row < 6; row++) {
          long begin = shift + 4L * stride * row;
          assertThat(MemorySegment.mismatch(memory, begin, begin + 148, expected.gradient(), 148L * row, 148L * row
              + 148)).isEqualTo(-1);
          long end = row == 5 ? memory.byteSize() : begin + 4L * stride;
          assertThat(memory.asSlice(begin + 148, end - begin - 148).toArray(ValueLayout.JAVA_BYTE)).containsOnly(GAP);
        }
        assertThat(memory.asSlice(0, shift).toArray(ValueLayout.JAVA_BYTE))
            .matches(bytes -> shift == 0 || bytes[shift - 1] == GAP);
      }
    }
  }

  /** Copies have the same address modulo 16, so that they give the bits of memory that is accessed in place. */
  @Test
  void inPlaceGivesTheSameBitsOnTheHeapAndOff() {
    DeviceBatch.Bits expected = batch.onHeap(engine());
    float[] heap = batch.student.clone();
    MemorySegment off = Arena.ofAuto().allocate(4L * heap.length, 16).copyFrom(MemorySegment.ofArray(heap));
    MemorySegment odd = Arena.ofAuto().allocate(4L * heap.length + 16, 16).asSlice(1, 4L * heap.length)
        .copyFrom(MemorySegment.ofArray(heap));
    for (MemorySegment memory : new MemorySegment[] {MemorySegment.ofArray(heap), off, odd}) {
      HostMatrix student = HostMatrix.of(memory, 6, 37, DType.F32);
      LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(HostMatrix.of(batch.teacher, 6, 37)))
          .withLabels(RowVector.labels(batch.labels));
      assertThat(engine().forwardBackward(DeviceBatch.LOSS, inputs, LossOutputs.gradientInPlace(student)).totals())
          .isEqualTo(expected.totals());
      assertThat(memory.mismatch(expected.gradient())).isEqualTo(-1);
    }
  }

  /** Rows are 2^31 elements apart, in a sparse file: offsets need 64 bits. */
  @Test
  void rowsMayLieGigabytesApart() throws IOException {
    DeviceBatch three = new DeviceBatch(3, 40, 3);
    long stride = (1L << 31) + 16;
    DeviceBatch.Bits expected = three.onHeap(engine());
    try (FileChannel file = FileChannel.open(folder.resolve("sparse"), StandardOpenOption.CREATE_NEW,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE, StandardOpenOption.SPARSE); Arena arena = Arena.ofConfined()) {
      MemorySegment far = file.map(MapMode.READ_WRITE, 0, 4 * (2 * stride + 40), arena);
      for (int row = 0; row < 3; row++) {
        MemorySegment.copy(three.student, 40 * row, far, ValueLayout.JAVA_FLOAT, 4 * stride * row, 40);
      }
      HostMatrix student = new HostMatrix(far, 3, 40, stride, DType.F32);
      LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(HostMatrix.of(three.teacher, 3, 40)))
          .withLabels(RowVector.labels(three.labels));
      assertThat(engine().forwardBackward(DeviceBatch.LOSS, inputs, LossOutputs.gradientInPlace(student)).totals())
          .isEqualTo(expected.totals());
      for (int row = 0; row < 3; row++) {
        assertThat(MemorySegment.mismatch(far, 4 * stride * row, 4 * stride * row + 160, expected.gradient(),
            160L * row, 160L * row + 160))
            .as("row %d", row).isEqualTo(-1);
      }
    }
  }

  @Test
  void argmaxWritesEitherWidth() {
    int[] narrow = new int[6];
    long[] wide = new long[6];
    engine().argmax(HostMatrix.of(batch.student, 6, 37), RowVector.labels(narrow));
    engine().argmax(HostMatrix.of(batch.student, 6, 37), RowVector.labels(wide));
    for (int row = 0; row < 6; row++) {
      float best = Float.NEGATIVE_INFINITY;
      for (int column = 0; column < 37; column++) {
        best = Math.max(best, batch.student[37 * row + column]);
      }
      assertThat(batch.student[37 * row + narrow[row]]).isEqualTo(best);
      assertThat(wide[row]).isEqualTo(narrow[row]);
    }
  }

  @Test
  void noRowsAreNoWork() {
    DeviceBatch.Bits none = new DeviceBatch(0, 37, 4).onHeap(engine());
    assertThat(none.totals()).isEqualTo(LossTotals.of(0, 0, 0, 0, 0, 0));
    engine().softmax(HostMatrix.of(new float[0], 0, 5), HostMatrix.of(new float[0], 0, 5));
    engine().argmax(HostMatrix.of(new float[0], 0, 5), RowVector.labels(new int[0]));
  }
}
