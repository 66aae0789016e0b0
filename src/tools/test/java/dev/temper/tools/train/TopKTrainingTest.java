package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.tools.files.Json;
import dev.temper.tools.train.Corpus.TextDocument;
import dev.temper.tools.train.TrainPlan.Budget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Tests students that learn from a file with the teacher's lists. */
@Execution(ExecutionMode.CONCURRENT)
final class TopKTrainingTest {

  private static final int WORDS = 400;
  private static final int ROWS = 64;
  private static final int STEPS = 200;
  private static final double NEAR = 0.02;

  @TempDir private Path folder;

  /**
   * Returns a text in which one of four fixed words follows a word in three quarters of all places. Elsewhere any word
   * follows, with frequencies as in real text.
   */
  private static Corpus corpus() {
    SplittableRandom random = new SplittableRandom(3);
    int[] followers = random.ints(WORDS * 4, 0, WORDS).toArray();
    List<TextDocument> documents = new ArrayList<>();
    for (int d = 0; d < 500; d++) {
      List<String> words = new ArrayList<>();
      int last = random.nextInt(WORDS);
      for (int i = 0; i < 60; i++) {
        boolean follows = random.nextInt(4) > 0;
        last = follows ? followers[last * 4 + random.nextInt(4)] : (int) (WORDS * Math.pow(random.nextDouble(), 4));
        words.add("w" + last);
      }
      documents.add(new TextDocument("document " + d, words));
    }
    return new Corpus("a made-up language", documents);
  }

  private static TrainReport run(Corpus corpus, @Nullable TopKPlan lists) {
    TrainPlan plan = new TrainPlan(1000, 1, ROWS, new Budget(24, 48, 400, 1e-2), new Budget(6, 8, STEPS, 2e-2),
        List.of(DistillationLoss.hinton(TrainPlan.LISTS_TEMPERATURE, TrainPlan.LISTS_SOFT_WEIGHT)), 5, 1,
        TrainPlan.Head.LOGITS, lists);
    try (LossEngine engine = LossEngine.open("auto")) {
      return Experiment.run(corpus, plan, engine, (done, total, note) -> {}, () -> false);
    }
  }

  private static double distilled(TrainReport report) {
    return report.means().get(SeedOutcome.DISTILLED).heldOut().crossEntropy();
  }

  @Test
  void aStudentOfTheFileIsAsGoodAsOneOfTheLogits() throws IOException {
    Corpus corpus = corpus();
    TrainReport dense = run(corpus, null);
    TrainReport listed = run(corpus, new TopKPlan(64, Tail.BUCKET, folder));
    assertThat(listed.failures()).isEmpty();
    assertThat(listed.differences().checks()).isGreaterThan(60);
    assertThat(distilled(listed) - distilled(dense)).isBetween(-NEAR, NEAR);
    assertThat(listed.means().getFirst().heldOut()).isEqualTo(dense.means().getFirst().heldOut());

    TrainReport starved = run(corpus, new TopKPlan(1, Tail.RENORMALISE_TEACHER, folder));
    assertThat(distilled(starved) - distilled(dense)).as("one word of a row is not enough").isGreaterThan(NEAR);

    CacheSize size = Objects.requireNonNull(listed.outcomes().getFirst().cache());
    assertThat(size.file()).isEqualTo("teacher-topk64-T1.safetensors");
    assertThat(size.bytes()).isEqualTo(Files.size(folder.resolve(size.file())));
    assertThat(size.rows()).isEqualTo(STEPS * ROWS);
    assertThat(size.bytes()).isBetween(size.rows() * (64 * 8 + 12), size.rows() * (64 * 8 + 12) + 1000);
    assertThat(TrainReportText.of(listed)).contains(String.format("%s of 12,800 rows with 64 of 402 words: 6.7 MB, "
        + "32.6%% of its logits in f32", size.file()), "the other words: bucket");
    String document = Json.text(TrainDocument.of(listed, "0123456789ab", "a processor"));
    assertThat(document).contains("\"teacherCache\"", "\"bytes\" : " + size.bytes(), "\"tail\" : \"bucket\"");
    assertThat(Json.text(TrainDocument.of(dense, "0123456789ab", "a processor"))).doesNotContain("teacherCache");
  }

  @Test
  void aFileOfAnotherTemperatureOrVocabularyIsRefusedByName() throws IOException {
    Corpus corpus = corpus();
    run(corpus, new TopKPlan(8, Tail.BUCKET, folder));
    int[] chosen = IntStream.range(0, ROWS).toArray();
    try (TopKCache cache = TopKCache.open(folder.resolve("teacher-topk8-T1.safetensors"), Tail.BUCKET, chosen, ROWS);
        LossEngine engine = LossEngine.open("auto")) {
      Teacher teacher = cache.of(new WordBatch(0, new int[0], new int[] {1, 2, 3}, new int[] {5, 5, ROWS - 1}));
      assertThat(teacher.rows()).isEqualTo(3);
      LossInputs inputs = LossInputs.of(HostMatrix.of(new float[3 * 402], 3, 402)).withTeacher(teacher);
      assertThatThrownBy(() -> engine.forward(DistillationLoss.hinton(2, 1), inputs))
          .isInstanceOf(LossArgumentException.class)
          .hasMessageContainingAll("log-probabilities at temperature 1.0", "temperature 2.0");
      LossInputs wider = LossInputs.of(HostMatrix.of(new float[3 * 403], 3, 403)).withTeacher(teacher);
      assertThatThrownBy(() -> engine.forward(DistillationLoss.hinton(1, 1), wider))
          .hasMessageContainingAll("made from 402 classes", "has 403");
      assertThat(engine.forward(DistillationLoss.hinton(1, 1), inputs).totals().soft()).isPositive();
    }
  }

  @Test
  void moreWordsThanTheVocabularyHasAreRefused() {
    assertThatThrownBy(() -> run(new Corpus("short", corpus().documents().subList(0, 1)),
        new TopKPlan(256, Tail.BUCKET, folder))).isInstanceOf(IllegalArgumentException.class);
  }
}
