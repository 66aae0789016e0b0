package dev.temper.tools.train;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.LossEngine;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import dev.temper.io.TopKFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Writes a teacher's most probable words for some examples into a file.
 *
 * @param engine makes the lists
 * @param teacher the model
 * @param examples all examples to learn from
 * @param rows examples that the teacher computes at a time
 */
record TopKWriter(LossEngine engine, LanguageModel teacher, Examples examples, int rows) {

  /**
   * Writes the lists of some examples.
   *
   * @param chosen numbers of the examples, in the order of the rows of the file
   * @param goesOn called with the number of finished rows; false ends the work without a file
   * @return whether the file was written
   * @throws IllegalArgumentException if the vocabulary has fewer than {@code k} words
   */
  boolean write(Path path, int[] chosen, int k, double temperature, IntPredicate goesOn) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      TopKLists all = allocate(arena, chosen.length, k, teacher.shape().vocabulary(), temperature);
      for (int from = 0; from < chosen.length; from += rows) {
        int to = Math.min(from + rows, chosen.length);
        Matrix logits = teacher.forward(examples.batch(Arrays.copyOfRange(chosen, from, to)));
        TopKLists part = engine.topK(logits.view(), k, temperature);
        copy(part.ids().values(), all.ids().rows(from, to).values());
        segment(all.logProbabilities(), from, to).copyFrom(segment(part.logProbabilities(), 0, to - from));
        copy(part.logSumExp(), all.logSumExp().rows(from, to));
        copy(part.mass(), all.mass().rows(from, to));
        copy(part.logTail(), all.logTail().rows(from, to));
        if (!goesOn.test(to)) {
          return false;
        }
      }
      TopKFile.write(path, all);
      return true;
    }
  }

  private static TopKLists allocate(Arena arena, int rows, int k, int classes, double temperature) {
    long slots = (long) rows * k;
    return new TopKLists(IdMatrix.of(numbers(arena, slots), rows, k),
        HostMatrix.of(numbers(arena, slots), rows, k, DType.F32), vector(arena, rows), vector(arena, rows),
        vector(arena, rows), classes, temperature);
  }

  private static RowVector vector(Arena arena, int rows) {
    return RowVector.weights(numbers(arena, rows), rows, DType.F32);
  }

  private static MemorySegment numbers(Arena arena, long count) {
    return arena.allocate(count * Float.BYTES, Float.BYTES);
  }

  private static void copy(RowVector from, RowVector to) {
    ((RowVector.Host) to).segment().copyFrom(((RowVector.Host) from).segment());
  }

  private static MemorySegment segment(MatrixView matrix, int from, int to) {
    return ((HostMatrix) matrix).rows(from, to).segment();
  }
}
