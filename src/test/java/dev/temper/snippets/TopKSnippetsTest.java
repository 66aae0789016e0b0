package dev.temper.snippets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.ServedLists;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.io.TopKFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the snippets of top-k teachers. */
class TopKSnippetsTest {

  private static final int ROWS = 5;
  private static final int CLASSES = 100;

  @TempDir Path folder;

  @Test
  void aCacheIsMadeSavedLoadedAndUsed() throws IOException {
    HostMatrix teacher = logits(1);
    HostMatrix student = logits(2);
    Path file = folder.resolve("teacher.safetensors");
    try (LossEngine engine = LossEngine.open("auto")) {
      double total = CachedTopK.use(engine, teacher, student, logits(3), file);
      double dense = engine.forward(DistillationLoss.builder().temperature(2).build(),
          LossInputs.of(student).withTeacher(Teacher.logits(teacher))).total();
      assertThat(total).isPositive().isLessThan(dense).isCloseTo(dense, within(0.1 * dense));
      try (TopKFile cache = TopKFile.open(file)) {
        LossInputs inputs = LossInputs.of(student).withTeacher(cache.lists().teacher(Tail.TRUNCATE));
        assertThatThrownBy(() -> engine.forward(DistillationLoss.builder().temperature(3).build(), inputs))
            .isInstanceOf(LossArgumentException.class)
            .hasMessageContainingAll("log-probabilities at temperature 2.0", "temperature 3.0");
        assertThatThrownBy(() -> engine.forward(DistillationLoss.builder().temperature(2).numClasses(99).build(),
            inputs)).hasMessageContainingAll("made from 100 classes", "has 99", "numClasses");
      }
    }
  }

  @Test
  void listsOfAServerLineUpWithTheRowsThatPredictThem() {
    int[][] ids = {{}, {7, 3, 9}, {1, 2, 5, 1}, {4}, {0, 99}};
    float[][] logProbs = {{}, {-3, -0.5f, -2}, {-1, -2, -3, -1}, {-0.1f}, {-2, -1}};
    HostMatrix student = logits(2);
    float[] gradient = new float[ROWS * CLASSES];
    try (LossEngine engine = LossEngine.open("auto")) {
      double total =
          ServedTeacher.use(engine, ids, logProbs, student, HostMatrix.of(gradient, ROWS, CLASSES));
      assertThat(total).isPositive();
    }
    assertThat(gradient[3]).isNegative();                       // class 3 is likely at position 1, which row 0 predicts
    assertThat(gradient[4 * CLASSES]).isZero();                 // nothing follows the last row
    Teacher generated = ServedLists.of(ids, logProbs, Tail.TRUNCATE);
    assertThat(generated.toString()).contains("[5, 4] F32", "at temperature 1.0");
    assertThatThrownBy(() -> ServedLists.of(new int[][] {{1, 2}}, new float[][] {{-1}}, Tail.BUCKET))
        .hasMessageContaining("position 0 has 2 ids and 1 log-probabilities");
    assertThatThrownBy(() -> ServedLists.of(ids, new float[][] {{}}, Tail.BUCKET))
        .hasMessageContaining("ids has 5 positions and logProbabilities 1");
  }

  /** The most probable 256 classes and the sampled token, which comes first. */
  @Test
  void ofOneEntryTooManyTheLeastProbableIsLeftOut() {
    int entries = ServedLists.MOST_ENTRIES;
    int[] ids = IntStream.range(0, entries).map(i -> (i + 300) % 1_000).toArray();
    float[] logs = new float[entries];
    for (int i = 0; i < entries; i++) {
      logs[i] = i == 0 ? -20 : -6 - i / 100f;
    }
    TopKTeacher full = ServedLists.of(new int[][] {ids, {7}}, new float[][] {logs, {-1}}, Tail.BUCKET);
    assertThat(full.ids().k()).isEqualTo(256);
    assertThat(classes(full, 0)).doesNotContain(300).contains(301, 555, 556).doesNotHaveDuplicates();
    assertThat(classes(full, 1)).containsOnly(7, -1);

    logs[0] = -6;  // the least probable class is now the last one
    assertThat(classes(ServedLists.of(new int[][] {ids}, new float[][] {logs}, Tail.BUCKET), 0))
        .contains(300).doesNotContain(556);

    ids[256] = 301;  // a repeated class, so that no class is left out
    assertThat(classes(ServedLists.of(new int[][] {ids}, new float[][] {logs}, Tail.BUCKET), 0))
        .contains(300, 301, 555).hasSize(256);

    assertThatThrownBy(() -> ServedLists.of(new int[][] {new int[258]}, new float[][] {new float[258]}, Tail.BUCKET))
        .hasMessageContaining("position 0 has 258 ids, expected at most 257");
  }

  private static List<Integer> classes(TopKTeacher teacher, int row) {
    MemorySegment ids = ((RowVector.Host) teacher.ids().values()).segment();
    int k = teacher.ids().k();
    return IntStream.range(row * k, (row + 1) * k)
        .mapToObj(i -> ids.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i)).toList();
  }

  @Test
  void readmeShowsTheCache() throws IOException {
    List<String> source = Files.readAllLines(Path.of("src/test/java/dev/temper/snippets/CachedTopK.java"));
    int start = source.indexOf("    // @start region=\"cache\"");
    int end = source.indexOf("    // @end");
    String code = String.join("\n", source.subList(start + 1, end)).stripIndent();
    assertThat(Files.readString(Path.of("README.md"))).contains(code);
  }

  private static HostMatrix logits(int seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * CLASSES];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * 3;
    }
    return HostMatrix.of(values, ROWS, CLASSES);
  }
}
