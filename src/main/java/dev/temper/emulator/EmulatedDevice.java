package dev.temper.emulator;

import dev.temper.DeviceException;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.ffm.Downcalls;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.spi.HostStopwatch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Runs kernels on the calling thread: every operation is complete when it returns. */
final class EmulatedDevice implements KernelDevice {

  private static final int MESSAGE_BYTES = 512;
  /** The emulator has no L2 cache. The size is small, so that benchmarks with a cold cache need little memory here. */
  private static final long CACHE_BYTES = 64 << 10;
  /** Threads of a multiprocessor of compute capability 9.0. */
  private static final int THREADS = 2_048;
  /** Bytes of shared memory that the hardware reserves in every block. */
  private static final int RESERVED_SHARED = 1_024;

  private final HostKernels kernels;
  private final EmulatorSettings settings;
  private final DeviceLimits limits;
  private final EmulatedMemory memory = new EmulatedMemory();

  EmulatedDevice(HostKernels kernels, EmulatorSettings settings) {
    this.kernels = kernels;
    this.settings = settings;
    limits = settings.limits();
  }

  static String describe(EmulatorSettings settings) {
    return "emulator (CUDA sources on the CPU, limits of compute capability " + settings.capability() + ", "
        + settings.order() + " threads)";
  }

  @Override
  public String describe() {
    return describe(settings);
  }

  @Override
  public DeviceFacts facts() {
    return new DeviceFacts(describe(), settings.capability(), 1, 0, CACHE_BYTES,
        limits.maxCluster() == 1 ? "none" : "up to " + limits.maxCluster() + " blocks", "none", kernels.compiler());
  }

  @Override
  public DeviceLimits limits() {
    return limits;
  }

  @Override
  public void load(Specialisation kernel) {
    kernels.load(kernel);
  }

  @Override
  public KernelLaunch prepare(
      Specialisation kernel, MemorySegment parameters, List<MemorySegment> hostMemory, long blocks, long sharedBytes) {
    MethodHandle launcher = kernels.launcher(kernel, hostMemory);
    int grid = Math.toIntExact(blocks);
    int shared = Math.toIntExact(sharedBytes);
    int order = EmulatorSettings.ORDERS.indexOf(settings.order());
    return () -> {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment message = arena.allocate(MESSAGE_BYTES);
        int status = (int) launcher.invokeExact(
            parameters, grid, kernel.threads(), kernel.cluster(), shared, order, settings.seed(), message,
            MESSAGE_BYTES);
        if (status != 0) {
          throw new DeviceException("kernel " + kernel.label(), status, "EMULATED_LAUNCH_FAILED", message.getString(0));
        }
      } catch (Throwable e) {
        throw Downcalls.unchecked(e);
      }
    };
  }

  /**
   * The occupancy by threads and shared memory; registers limit nothing here. The device has one multiprocessor, or as
   * many as a cluster needs.
   */
  @Override
  public Occupancy occupancy(Specialisation kernel, long sharedBytes) {
    load(kernel);
    long byShared = limits.sharedPerMultiprocessor() / (sharedBytes + RESERVED_SHARED);
    int blocks = Math.toIntExact(Math.min(THREADS / kernel.threads(), byShared));
    return new Occupancy(0, 0, blocks, (long) Math.ceilDiv(blocks, kernel.cluster()) * kernel.cluster());
  }

  @Override
  public KernelLaunch record(Runnable sequence) {
    throw new IllegalArgumentException("the emulator has no CUDA graphs; launch without recording one");
  }

  @Override
  public DeviceProducts products() {
    return new EmulatedProducts(memory);
  }

  @Override
  public long allocate(long bytes) {
    return memory.allocate(bytes);
  }

  @Override
  public void free(long address) {
    memory.free(address);
  }

  @Override
  public OptionalLong addressOf(MemorySegment host) {
    return host.isNative() ? OptionalLong.of(host.address()) : OptionalLong.empty();
  }

  @Override
  public void requireDeviceMemory(String tensor, long address, long bytes) {
    if (!memory.holds(address, bytes)) {
      throw new IllegalArgumentException(String.format("%s is at address 0x%x, expected %d bytes of the emulator's "
          + "memory from there; "
          + "allocate it with LossEngine.allocate", tensor, address, bytes));
    }
  }

  @Override
  public Optional<MemorySegment> hostMemoryOf(long address) {
    return Optional.of(memory.block(address));
  }

  @Override
  public void upload(MemorySegment from, long to) {
    memory.at(to, from.byteSize()).copyFrom(from);
  }

  @Override
  public void download(long from, MemorySegment to) {
    to.copyFrom(memory.at(from, to.byteSize()));
  }

  @Override
  public void copy(long from, long to, long bytes) {
    memory.at(to, bytes).copyFrom(memory.at(from, bytes));
  }

  @Override
  public void zero(long address, long bytes) {
    memory.at(address, bytes).fill((byte) 0);
  }

  @Override
  public ResultSlot resultSlot(int bytes) {
    Arena arena = Arena.ofShared();
    MemorySegment written = arena.allocate(bytes, Long.BYTES).fill(EmulatedMemory.NAN);
    return new ResultSlot() {
      @Override
      public long address() {
        return written.address();
      }

      @Override
      public void recordEvent() {}

      @Override
      public MemorySegment await() {
        return written;
      }

      @Override
      public void close() {
        arena.close();
      }
    };
  }

  @Override
  public void synchronize() {}

  @Override
  public Stopwatch stopwatch() {
    return new HostStopwatch();
  }

  @Override
  public void close() {
    memory.close();
  }
}
