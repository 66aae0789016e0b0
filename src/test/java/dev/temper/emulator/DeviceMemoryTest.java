package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Buffers of the device, and addresses of other memory. */
final class DeviceMemoryTest extends EmulatorTest {

  private final DeviceBatch batch = new DeviceBatch(5, 37, 1);

  @Test
  void buffersGiveTheBitsOfHostTensors() {
    assertThat(batch.onDevice(engine()).same(batch.onHeap(engine()))).isTrue();
  }

  @Test
  void buffersAreAlignedAndHoldWhatTheyWereGiven() {
    try (DeviceBuffer one = engine().allocate(40); DeviceBuffer two = engine().allocate(64)) {
      assertThat(one.address() % 256).isZero();
      one.upload(MemorySegment.ofArray(new long[] {1, 2, 3, 4, 5}));
      two.copyFrom(one);
      long[] back = new long[5];
      two.download(MemorySegment.ofArray(back));
      assertThat(back).containsExactly(1, 2, 3, 4, 5);
      assertThatThrownBy(() -> one.copyFrom(two)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("byte 64")
          .hasMessageContaining("at most the buffer's 40");
      assertThatThrownBy(() -> one.upload(MemorySegment.ofArray(new long[6])))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("byte 48");
      assertThatThrownBy(() -> one.download(MemorySegment.ofArray(new long[6])))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void viewsMustFitTheirBuffer() {
    try (DeviceBuffer buffer = engine().allocate(4 * 5 * 37 - 1)) {
      assertThatThrownBy(() -> buffer.matrix(5, 37, DType.F32)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("739 bytes").hasMessageContaining("[5, 37] F32").hasMessageContaining("740");
      assertThatThrownBy(() -> buffer.weights(185)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> engine().allocate(0)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bytes is 0");
  }

  @Test
  void aClosedBufferIsRefusedWhateverIsTriedWithIt() {
    DeviceBatch.Buffers buffers = batch.new Buffers(engine());
    LossInputs inputs = buffers.inputs();
    LossOutputs outputs = buffers.outputs();
    buffers.ofTeacher.close();
    buffers.ofTeacher.close();  // closing twice is allowed
    assertThatThrownBy(() -> engine().forwardBackward(DeviceBatch.LOSS, inputs, outputs))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("teacher is at address 0x").hasMessageContaining("740 bytes of the emulator's memory");
    assertThatThrownBy(() -> buffers.ofTeacher.upload(MemorySegment.ofArray(new long[1])))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    buffers.close();
  }

  @Test
  void addressesThatAreNotTheDevicesAreNamed() {
    try (Arena arena = Arena.ofConfined(); DeviceBatch.Buffers buffers = batch.new Buffers(engine())) {
      long host = arena.allocate(ValueLayout.JAVA_FLOAT, 5 * 37).address();
      DeviceMatrix foreign = new DeviceMatrix(host, 5, 37, 37, DType.F32);
      assertThatThrownBy(() -> engine()
          .forwardBackward(DeviceBatch.LOSS, LossInputs.of(foreign).withTeacher(buffers.inputs().teacher())
          .withLabels(buffers.inputs().labels()), buffers.outputs()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(String.format("student is at address 0x%x", host));
      DeviceMatrix beyond = new DeviceMatrix(buffers.ofGradient.address(), 5, 37, 38, DType.F32);
      assertThatThrownBy(() -> engine()
          .forwardBackward(DeviceBatch.LOSS, buffers.inputs(), LossOutputs.gradient(beyond)))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("gradient")
          .hasMessageContaining("756 bytes");
      RowVector labels = RowVector.labelsAt(host, 5, DType.I32);
      assertThatThrownBy(() -> engine().forward(DeviceBatch.LOSS, buffers.inputs().withLabels(labels)))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("labels is at address");
    }
  }

  @Test
  void misalignedAddressesAreRefused() {
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine())) {
      DeviceMatrix odd = new DeviceMatrix(buffers.ofStudent.address() + 2, 4, 37, 37, DType.F32);
      assertThatThrownBy(() -> engine()
          .softmax(odd, new DeviceMatrix(buffers.ofGradient.address(), 4, 37, 37, DType.F32)))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("logits is at device address")
          .hasMessageContaining("multiple of 4");
    }
  }

  @Test
  void viewsInsideABufferAreBorrowed() {
    DeviceBatch.Bits expected = new DeviceBatch(5, 37, 1).onHeap(engine());
    try (DeviceBuffer large = engine().allocate(4096); DeviceBatch.Buffers buffers = batch.new Buffers(engine())) {
      large.upload(MemorySegment.ofArray(new byte[4096]));
      DeviceMatrix inside = new DeviceMatrix(large.address() + 16, 5, 37, 41, DType.F32);
      var totals = engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs(), LossOutputs.gradient(inside)).totals();
      assertThat(totals).isEqualTo(expected.totals());
      MemorySegment all = Arena.ofAuto().allocate(4096);
      large.download(all);
      for (int row = 0; row < 5; row++) {
        assertThat(MemorySegment.mismatch(all, 16 + row * 164L, 16 + row * 164L + 148, expected.gradient(), row * 148L,
            row * 148L + 148))
            .isEqualTo(-1);
        assertThat(all.asSlice(16 + row * 164L + 148, 16).toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
      }
    }
  }
}
