package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.Machine;
import java.lang.foreign.Arena;

/** The source of a benchmark's logits. */
public enum Inputs {
  /** Several batches in rotation, together twice the last-level cache: every call reads from memory. */
  MEMORY,
  /** One batch, which stays in the last-level cache as far as it fits. */
  CACHE;

  /** The batches. */
  BatchRing ring(Arena arena, String shape, DType dtype) {
    BatchShape parsed = BatchShape.parse(shape);
    return switch (this) {
      case MEMORY -> BatchRing.coldIn(BatchMemory.of(arena), parsed, dtype, Machine.here().lastLevelCacheBytes());
      case CACHE -> BatchRing.warm(BatchMemory.of(arena), parsed, dtype);
    };
  }
}
