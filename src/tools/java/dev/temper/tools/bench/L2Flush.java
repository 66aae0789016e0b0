package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.MatrixView;
import dev.temper.RowVector;

/**
 * Flushes the L2 cache of a device before a timed launch, by reading four times the size of the cache. The cache then
 * holds neither data of the timed batch nor dirty lines. The host launches the timed work during the flush, so that no
 * launch gap is timed. An engine in host memory needs no flush: its calls return when their work is done.
 */
final class L2Flush implements AutoCloseable {

  private static final int CACHES = 4;
  private static final int CLASSES = 8192;

  private final LossEngine engine;
  private final BatchMemory memory;
  private final MatrixView logits;
  private final RowVector largest;

  L2Flush(LossEngine engine, long cacheBytes) {
    this.engine = engine;
    memory = BatchMemory.of(engine);
    long rows = Math.max(1, CACHES * cacheBytes / ((long) CLASSES * DType.F32.bytes()));
    BatchShape shape = new BatchShape(Math.toIntExact(rows), CLASSES);
    logits = memory.matrix(shape, DType.F32, (part, first) -> GeneratedLogits.STUDENT.fill(part, DType.F32, 0, first));
    largest = memory.labels(shape.rows(), (part, _) -> part.fill((byte) 1));
  }

  /** Launches the flush, and returns before it ends. */
  void run() {
    engine.argmax(logits, largest);
  }

  @Override
  public void close() {
    memory.close();
  }
}
