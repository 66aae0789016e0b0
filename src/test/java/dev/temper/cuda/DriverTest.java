package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DeviceException;
import dev.temper.cuda.driver.CudaEvent;
import dev.temper.cuda.driver.CudaStream;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.DriverMemory;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.PinnedMemory;
import dev.temper.cuda.driver.PointerAttributes;
import dev.temper.cuda.driver.PrimaryContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests every driver function that the engine calls, on the stub driver. */
final class DriverTest {

  private static final int FLOATS = 1000;
  private static final int BYTES = 4 * FLOATS;

  private final StubDriver stub = StubDriver.load();
  private final Arena arena = Arena.ofConfined();
  private long live;
  private PrimaryContext context = new PrimaryContext(0);
  private PrimaryContext.Entered entered = context.enter();
  private long module;
  private long stream;
  private long memory;

  @BeforeEach
  void open() {
    module = Driver.loadModule(ToyKernels.code());
    stream = DriverStreams.createStream(0);
    memory = DriverMemory.allocate(BYTES);
    live = stub.live();
  }

  @AfterEach
  void everythingIsReleased() {
    assertThat(stub.live()).isEqualTo(live);
    DriverMemory.free(memory);
    DriverStreams.destroyStream(stream);
    Driver.unloadModule(module);
    entered.close();
    context.close();
    arena.close();
    long left = stub.live();
    stub.removeDevices();
    assertThat(left).isEqualTo(live - 4);
  }

  @Test
  void aCopyReadsPinnedMemoryWhenItRuns() {
    try (PinnedMemory there = PinnedMemory.forCopies(BYTES); PinnedMemory back = PinnedMemory.forCopies(BYTES)) {
      there.segment().fill((byte) 1);
      DriverMemory.copyToDevice(there.segment().address(), memory, BYTES, stream);
      there.segment().fill((byte) 2);  // before the copy has run
      DriverMemory.copyToHost(memory, back.segment().address(), BYTES, stream);
      assertThat(back.segment().get(JAVA_FLOAT, 0)).isNaN();  // the copy has not run yet
      DriverStreams.synchronizeStream(stream);
      assertThat(back.segment().mismatch(MemorySegment.ofArray(filled((byte) 2)))).isEqualTo(-1);
    }
  }

  @Test
  void aCopyTakesPageableMemoryAtOnce() {
    MemorySegment there = arena.allocate(BYTES).fill((byte) 1);
    MemorySegment back = arena.allocate(BYTES);
    DriverMemory.copyToDevice(there.address(), memory, BYTES, stream);
    there.fill((byte) 2);
    DriverMemory.copyToHost(memory, back.address(), BYTES, stream);
    assertThat(back.mismatch(MemorySegment.ofArray(filled((byte) 1)))).isEqualTo(-1);
  }

  @Test
  void memoryIsFilledAndCopiedOnTheDevice() {
    long other = DriverMemory.allocate(BYTES);
    DriverMemory.fill(memory, (byte) 3, BYTES, stream);
    DriverMemory.copyOnDevice(memory, other, BYTES, stream);
    assertThat(download(other)).containsExactly(floats(MemorySegment.ofArray(filled((byte) 3))));
    DriverMemory.free(other);
  }

  @Test
  void copiesBeyondAnAllocationAreRefused() {
    assertThatThrownBy(() -> DriverMemory.fill(memory, (byte) 0, BYTES + 1, stream)).isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("cuMemsetD8Async failed with code 1 (CUDA_ERROR_INVALID_VALUE)");
    assertThatThrownBy(() -> DriverMemory.copyOnDevice(memory, memory + 4, BYTES, stream))
        .isInstanceOf(DeviceException.class);
  }

  @Test
  void memoryOfADeviceStartsAsNan() {
    assertThat(download(memory)).containsOnly(Float.NaN);
  }

  @Test
  void aLaunchTakesItsParametersWhenItIsMade() {
    DriverMemory.fill(memory, (byte) 0, BYTES, stream);
    MemorySegment parameters = ToyKernels.parameters(arena, memory, FLOATS, 1.5f);
    long add = Driver.function(module, "add");
    Driver.launch(add, 3, 64, 0, stream, parameters.address());
    parameters.set(JAVA_FLOAT, 12, 100);
    Driver.launch(add, 3, 64, 0, stream, parameters.address());
    assertThat(download(memory)).containsOnly(101.5f);
  }

  @Test
  void sharedMemoryBeyond48KibNeedsLeave() {
    long shares = Driver.function(module, "shares");
    MemorySegment parameters = ToyKernels.parameters(arena, memory, 32, 7);
    assertThatThrownBy(() -> Driver.launch(shares, 1, 32, 64 << 10, stream, parameters.address()))
        .isInstanceOf(DeviceException.class).hasMessageStartingWith("cuLaunchKernel failed with code 1 ");
    Driver.allowSharedMemory(shares, 64 << 10);
    Driver.launch(shares, 1, 32, 64 << 10, stream, parameters.address());
    assertThat(download(memory)).startsWith(7, 7, 7);
    assertThatThrownBy(() -> Driver.allowSharedMemory(shares, 228 << 10)).isInstanceOf(DeviceException.class)
        .hasMessageContaining("of 233472 bytes of shared memory");
  }

  @Test
  void clustersOf16NeedLeaveAndHopper() {
    long gathers = Driver.function(module, "gathers");
    MemorySegment parameters = ToyKernels.parameters(arena, memory, 16, 0);
    assertThatThrownBy(() -> Driver.launch(gathers, 16, 32, 0, stream, parameters.address()))
        .isInstanceOf(DeviceException.class).hasMessageContaining("912 (CUDA_ERROR_INVALID_CLUSTER_SIZE)");
    Driver.allowLargeClusters(gathers);
    Driver.launch(gathers, 16, 32, 0, stream, parameters.address());
    assertThat(download(memory)[15]).isEqualTo(16);
    try (var _ = stub.with("CUDA_STUB_CAPABILITY", "8.0")) {
      assertThatThrownBy(() -> Driver.allowLargeClusters(gathers)).isInstanceOf(DeviceException.class);
    }
  }

  @Test
  void aStreamWaitsForTheLegacyOneAndIt() {
    MemorySegment parameters = ToyKernels.parameters(arena, memory, FLOATS, 1);
    long add = Driver.function(module, "add");
    DriverMemory.fill(memory, (byte) 0, BYTES, 0);
    Driver.launch(add, 1, 32, 0, stream, parameters.address());
    Driver.launch(add, 1, 32, 0, 2, parameters.address());
    DriverStreams.synchronizeStream(0);
    DriverStreams.synchronizeStream(2);
    assertThat(download(memory)).containsOnly(2);
  }

  @Test
  void eventsAreWaitedForAndTimed() {
    try (CudaEvent start = CudaEvent.timed(); CudaEvent end = CudaEvent.timed();
        PinnedMemory back = PinnedMemory.forCopies(BYTES)) {
      CudaStream timed = new CudaStream(stream, false);
      start.record(timed);
      DriverMemory.fill(memory, (byte) 4, BYTES, stream);
      DriverMemory.copyToHost(memory, back.segment().address(), BYTES, stream);
      end.record(timed);
      DriverMemory.fill(memory, (byte) 5, BYTES, stream);
      end.await();
      assertThat(back.segment().mismatch(MemorySegment.ofArray(filled((byte) 4)))).isEqualTo(-1);
      assertThat(end.since(start)).isBetween(0.0, 1000.0);
    }
  }

  @Test
  void anErrorComesAsDeviceExceptionEvenIfJcudaThrows() {
    JCudaDriver.setExceptionsEnabled(true);
    try {
      assertThatThrownBy(() -> Driver.function(module, "absent")).isInstanceOf(DeviceException.class)
          .hasMessageStartingWith("cuModuleGetFunction of absent failed with code 500 (CUDA_ERROR_NOT_FOUND); ");
    } finally {
      JCudaDriver.setExceptionsEnabled(false);
    }
  }

  @Test
  void addressesAreKnownToTheDriver() {
    try (PinnedMemory pinned = PinnedMemory.forCopies(64)) {
      assertThat(DriverMemory.pointerAttributes(pinned.segment().address()).memoryType())
          .isEqualTo(PointerAttributes.HOST);
    }
    PointerAttributes last = DriverMemory.pointerAttributes(memory + BYTES - 1);
    assertThat(last.context()).isNotZero();
    assertThat(last).isEqualTo(new PointerAttributes(last.context(), 2, 0, false, memory, BYTES));
    PointerAttributes unknown = new PointerAttributes(0, PointerAttributes.UNKNOWN, 0, false, 0, 0);
    assertThat(DriverMemory.pointerAttributes(memory + BYTES)).isEqualTo(unknown);
    assertThat(DriverMemory.pointerAttributes(arena.allocate(8).address())).isEqualTo(unknown);
  }

  private float[] download(long address) {
    MemorySegment back = arena.allocate(BYTES);
    DriverMemory.copyToHost(address, back.address(), BYTES, stream);
    return floats(back);
  }

  private static float[] floats(MemorySegment segment) {
    float[] values = new float[FLOATS];
    MemorySegment.ofArray(values).copyFrom(segment);
    return values;
  }

  private static byte[] filled(byte value) {
    byte[] bytes = new byte[BYTES];
    java.util.Arrays.fill(bytes, value);
    return bytes;
  }
}
