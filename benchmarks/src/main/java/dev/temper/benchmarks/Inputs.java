package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BatchRing;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.Machine;
import java.lang.foreign.Arena;

/** Where a benchmark's logits come from. */
public enum Inputs {
  /** Batches in turn, twice the last-level cache together: every call reads from memory. */
  MEMORY,
  /** One batch over and over: what the last-level cache can hold stays there. */
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
