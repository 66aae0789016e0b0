package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.MatrixView;
import dev.temper.LossEngine;
import dev.temper.diagnostics.Stopwatch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;

/**
 * The rate of a memory copy: the upper bound of the rate of a loss and its gradient.
 *
 * @param gigabytesPerSecond bytes read plus bytes written, in 1e9 per second
 * @param how the way of copying, such as {@code 2 threads}
 */
public record CopyRate(double gigabytesPerSecond, String how) {

  /**
   * Size of the source as a multiple of the cache. Source and target together are 8 times the cache, at least 256 MiB,
   * so that reads from the cache are negligible.
   */
  private static final int CACHES = 4;
  private static final long LEAST_BYTES = 128L << 20;
  /**
   * Size of the source on a device as a multiple of the cache: 1.9 GiB for a cache of 60 MiB. The rate does not grow
   * with larger sizes.
   */
  private static final int DEVICE_CACHES = 32;
  private static final int ROW = 1024;

  /**
   * Measures the memory of an engine. Device memory is copied by the device, and host memory by a thread on each core.
   *
   * @return the rate; empty if it was stopped before the first copy ended
   */
  public static Optional<CopyRate> measure(
      LossEngine engine, Machine machine, Repetition repetition, BooleanSupplier stop) {
    return engine.diagnostics().facts().isPresent()
        ? onDevice(engine, DEVICE_CACHES * engine.diagnostics().facts().get().cacheBytes(), repetition, stop)
        : measure(machine.cores(), machine.lastLevelCacheBytes(), repetition, stop);
  }

  private static Optional<CopyRate> onDevice(
      LossEngine engine, long bytes, Repetition repetition, BooleanSupplier stop) {
    BatchShape shape = new BatchShape(Math.toIntExact(bytes / ((long) ROW * DType.F32.bytes())), ROW);
    try (BatchMemory.DeviceMemory memory = new BatchMemory.DeviceMemory(engine);
        Stopwatch watch = engine.diagnostics().stopwatch()) {
      MatrixView source =
          memory.matrix(shape, DType.F32, (part, first) -> GeneratedLogits.STUDENT.fill(part, DType.F32, 0, first));
      MatrixView target = memory.copy(source);
      return repetition.samples(() -> {
        watch.start();
        memory.copy(source, target);
        return watch.stop();
      }, stop).map(time -> new CopyRate(2.0 * shape.matrixBytes(DType.F32) / (time.median() * 1e6),
          "device to device"));
    }
  }

  /**
   * Measures host memory with a number of threads.
   *
   * @param stop checked between copies
   * @return the rate; empty if it was stopped before the first copy ended
   */
  public static Optional<CopyRate> measure(int threads, long cacheBytes, Repetition repetition, BooleanSupplier stop) {
    long share = Math.max(CACHES * cacheBytes, LEAST_BYTES) / threads;
    try (Arena arena = Arena.ofShared(); ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Runnable> copies = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        MemorySegment source = arena.allocate(share, 64).fill((byte) 1);
        MemorySegment target = arena.allocate(share, 64).fill((byte) 2);
        copies.add(() -> target.copyFrom(source));
      }
      return repetition.milliseconds(() -> all(pool, copies), stop)
          .map(time -> new CopyRate(2.0 * share * threads / (time.median() * 1e6), threads + " threads"));
    }
  }

  private static void all(ExecutorService pool, List<Runnable> copies) {
    List<Future<?>> running = new ArrayList<>();
    copies.forEach(copy -> running.add(pool.submit(copy)));
    try {
      for (Future<?> copy : running) {
        copy.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while measuring the copy rate", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a copy failed: " + e.getCause(), e);
    }
  }
}
