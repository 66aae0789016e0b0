package dev.temper.emulator;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.ffm.LibraryLoadException;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Registers the memory that kernels may access with the runtime's access tracer before each launch, and reads the
 * counts of accesses afterwards.
 */
final class Tracer implements Watcher {

  /**
   * The accesses of one launch to one buffer ({@code TraceCounts}).
   *
   * @param bytesRead bytes read; a byte counts once for each read
   * @param bytesWritten bytes written; a byte counts once for each write
   * @param sectorsRead 32-byte sectors read, counted per access of a warp
   * @param sectorsWritten 32-byte sectors written, counted per access of a warp
   * @param mostReads most reads of one byte
   * @param mostWrites most writes of one byte
   */
  record Counts(long bytesRead, long bytesWritten, long sectorsRead, long sectorsWritten, int mostReads,
      int mostWrites) {}

  private static final int COUNTS_BYTES = 48;

  private final MethodHandle clear;
  private final MethodHandle buffer;
  private final MethodHandle counts;
  private final Map<Long, Long> allocated = new TreeMap<>();
  private final List<MemorySegment> placed = new ArrayList<>();
  private final Map<Long, Counts> ofLastLoss = new HashMap<>();
  private boolean launched;

  Tracer(HostKernels kernels) {
    try {
      clear = kernels.runtime().function("cuda_host_trace_clear", FunctionDescriptor.ofVoid());
      buffer = kernels.runtime().function(
          "cuda_host_trace_buffer", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS));
      counts = kernels.runtime().function("cuda_host_trace_counts", FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS));
    } catch (LibraryLoadException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The accesses of the last loss kernel to a buffer. */
  Counts counts(long address) {
    return ofLastLoss.getOrDefault(address, new Counts(-1, -1, -1, -1, -1, -1));
  }

  @Override
  public void allocated(long address, long bytes) {
    allocated.put(address, bytes);
  }

  @Override
  public void freed(long address) {
    allocated.remove(address);
  }

  /** Removes the tensors of earlier launches, which may be freed. */
  @Override
  public void placed(MemorySegment host) {
    if (launched) {
      placed.clear();
      launched = false;
    }
    placed.add(host);
  }

  @Override
  public KernelLaunch prepared(Specialisation kernel, KernelLaunch launch) {
    return () -> {
      Map<Long, Integer> numbers = register();
      launch.run();
      launched = true;
      if (kernel instanceof LossSpecialisation) {
        ofLastLoss.clear();
        numbers.forEach((address, number) -> ofLastLoss.put(address, read(number)));
      }
    };
  }

  private Map<Long, Integer> register() {
    Map<Long, Integer> numbers = new HashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      clear.invokeExact();
      for (Map.Entry<Long, Long> block : allocated.entrySet()) {
        MemorySegment name = arena.allocateFrom("device memory");
        int number = (int) buffer.invokeExact(MemorySegment.ofAddress(block.getKey()), (long) block.getValue(), 1,
            name);
        numbers.put(block.getKey(), number);
      }
      for (MemorySegment host : placed) {
        MemorySegment name = arena.allocateFrom("a tensor of " + host.byteSize() + " bytes");
        int number = (int) buffer.invokeExact(MemorySegment.ofAddress(host.address()), host.byteSize(), 1, name);
        numbers.put(host.address(), number);
      }
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    return numbers;
  }

  private Counts read(int number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(COUNTS_BYTES, Long.BYTES);
      counts.invokeExact(number, block);
      return new Counts(block.getAtIndex(JAVA_LONG, 0), block.getAtIndex(JAVA_LONG, 1), block.getAtIndex(JAVA_LONG, 2),
          block.getAtIndex(JAVA_LONG, 3), block.getAtIndex(JAVA_INT, 9), block.getAtIndex(JAVA_INT, 11));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
