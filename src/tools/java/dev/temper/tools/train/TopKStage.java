package dev.temper.tools.train;

import dev.temper.LossEngine;
import dev.temper.tools.files.PlainNumber;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The stage between teacher and student, which writes the teacher's lists for every example of the student to a file.
 */
final class TopKStage {

  private final TopKPlan plan;
  private final LossEngine engine;
  private final Examples examples;
  private final int rows;
  private final int steps;
  private final WorkLog work;
  private final BooleanSupplier stop;
  private @Nullable CacheSize size;

  /**
   * A stage before students with equal budgets.
   *
   * @param rows examples of a student's step
   * @param steps steps of a student
   */
  TopKStage(TopKPlan plan, LossEngine engine, Examples examples, int rows, int steps, WorkLog work,
      BooleanSupplier stop) {
    this.plan = plan;
    this.engine = engine;
    this.examples = examples;
    this.rows = rows;
    this.steps = steps;
    this.work = work;
    this.stop = stop;
  }

  /** Number of batches that the teacher computes for one file, at most. */
  static long batches(Examples examples, int rows, int steps) {
    return Math.min(steps, (examples.size() + rows - 1L) / rows);
  }

  /**
   * Writes the lists of the examples that a student with this seed learns from, and opens the file. The file stays.
   *
   * @return null if the run was stopped before the file was complete
   */
  @Nullable TopKCache make(LanguageModel teacher, double temperature, long seed) {
    long started = System.nanoTime();
    int[] chosen = new WordBatches(examples, rows, seed).chosen(steps);
    Path path = plan.folder().resolve("teacher-topk" + plan.k() + "-T" + PlainNumber.of(temperature) + ".safetensors");
    TopKWriter writer = new TopKWriter(engine, teacher, examples, rows);
    try {
      if (!writer.write(path, chosen, plan.k(), temperature, done -> progress(teacher, done, chosen.length))) {
        return null;
      }
      size = new CacheSize(String.valueOf(path.getFileName()), chosen.length, plan.k(), teacher.shape().vocabulary(),
          Files.size(path), (System.nanoTime() - started) / 1e9);
      return TopKCache.open(path, plan.tail(), chosen, examples.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The size of the last file; null before the first. */
  @Nullable CacheSize size() {
    return size;
  }

  private boolean progress(LanguageModel teacher, int done, int all) {
    work.done(teacher.shape().parameters(),
        String.format(Locale.ROOT, "teacher's lists: %,d of %,d rows", done, all));
    return !stop.getAsBoolean();
  }
}
