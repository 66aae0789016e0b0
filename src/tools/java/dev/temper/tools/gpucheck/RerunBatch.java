package dev.temper.tools.gpucheck;

import dev.temper.DType;
import dev.temper.io.Tensor;
import dev.temper.io.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** The batch that two processes compute: bf16 logits for many blocks, and labels of which some are ignored. */
final class RerunBatch {

  private static final long IGNORED = -100;

  private RerunBatch() {}

  /** Writes the batch, with the same numbers at each call. */
  static void write(Path file, int rows, int classes) throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment labels = arena.allocate(ValueLayout.JAVA_LONG, rows);
      for (int row = 0; row < rows; row++) {
        labels.setAtIndex(ValueLayout.JAVA_LONG, row, row % 5 == 4 ? IGNORED : random.nextInt(classes));
      }
      SafetensorsWriter.write(file, List.of(
          logits("student", arena, rows, classes, random), logits("teacher", arena, rows, classes, random),
          new Tensor("labels", DType.I64, List.of((long) rows), labels)));
    }
  }

  private static Tensor logits(String name, Arena arena, int rows, int classes, SplittableRandom random) {
    long elements = (long) rows * classes;
    MemorySegment data = arena.allocate(ValueLayout.JAVA_SHORT, elements);
    for (long i = 0; i < elements; i++) {
      data.setAtIndex(ValueLayout.JAVA_SHORT, i, DType.BF16.narrow((float) (4 * random.nextGaussian())));
    }
    return new Tensor(name, DType.BF16, List.of((long) rows, (long) classes), data);
  }
}
