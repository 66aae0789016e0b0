package dev.temper.benchmarks.toolkits;

import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Writes the numbers of all toolkits. */
public final class ToolkitFile {

  private static final int BATCH = 3;
  private static final int SEQUENCE = 2;
  private static final int CLASSES = 8;
  private static final int K = 3;
  private static final long[] LABELS = {3, -100, 0, 5, 7, 2};

  private ToolkitFile() {}

  /** Draws a batch, computes it by every toolkit's formula, and writes both. */
  public static void write(Path file, String pytorch) throws IOException {
    ToolkitNumbers.Batch batch = batch();
    Json.write(file, new ToolkitNumbers(pytorch, batch, ToolkitFormulas.losses(batch)));
  }

  private static ToolkitNumbers.Batch batch() {
    SplittableRandom random = new SplittableRandom(8);
    double[][] student = logits(random);
    double[][] teacher = logits(random);
    long[][] topK = Arrays.stream(teacher).map(row -> largest(row, K)).toArray(long[][]::new);
    long[][] union = IntStream.range(0, topK.length)
        .mapToObj(row -> union(largest(teacher[row], 1), largest(student[row], 1))).toArray(long[][]::new);
    return new ToolkitNumbers.Batch(BATCH, SEQUENCE, student, teacher, LABELS, topK, union);
  }

  /** Multiples of 1/8, which f32 holds exactly. */
  private static double[][] logits(SplittableRandom random) {
    return IntStream.range(0, BATCH * SEQUENCE).mapToObj(_ -> IntStream.range(0, CLASSES)
        .mapToDouble(_ -> Math.round(16 * random.nextGaussian()) / 8.0).toArray()).toArray(double[][]::new);
  }

  private static long[] largest(double[] logits, int k) {
    return IntStream.range(0, CLASSES).boxed().sorted(Comparator.comparingDouble(i -> -logits[i])).limit(k)
        .mapToLong(i -> i).toArray();
  }

  private static long[] union(long[] first, long[] second) {
    return LongStream.concat(Arrays.stream(first),
        Arrays.stream(second).map(id -> Arrays.stream(first).anyMatch(other -> other == id) ? -1 : id)).toArray();
  }
}
