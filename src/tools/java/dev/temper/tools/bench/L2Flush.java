package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.MatrixView;
import dev.temper.RowVector;

/**
 * Work for a device ahead of what is timed: while it reads four times its cache, the host launches the timed work, so that no gap
 * of the host's counts; and the cache then holds nothing of the timed batch, nor anything that must still be written. An engine
 * in host memory needs none: its calls are done when they return.
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
    BatchShape shape = new BatchShape(Math.toIntExact(Math.max(1, CACHES * cacheBytes / ((long) CLASSES * DType.F32.bytes()))), CLASSES);
    logits = memory.matrix(shape, DType.F32, (part, first) -> Logits.STUDENT.fill(part, DType.F32, 0, first));
    largest = memory.labels(shape.rows(), (part, _) -> part.fill((byte) 1));
  }

  /** Launches; returns before it is done. */
  void run() {
    engine.argmax(logits, largest);
  }

  @Override
  public void close() {
    memory.close();
  }
}
