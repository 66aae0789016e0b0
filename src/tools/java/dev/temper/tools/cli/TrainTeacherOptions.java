package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.tools.train.TopKPlan;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options of {@code temper train} for the data that the students receive from the teacher. */
final class TrainTeacherOptions {

  private static final String LISTS = "topk:";

  /** Reads {@code logits} as 0, and {@code topk:K} as K. */
  static final class Words implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      if (text.equals("logits")) {
        return 0;
      }
      if (text.matches(LISTS + "[0-9]{1,9}")) {
        int k = Integer.parseInt(text.substring(LISTS.length()));
        if (k >= 1 && k <= Teacher.MOST_IDS) {
          return k;
        }
      }
      throw new TypeConversionException("unknown teacher '" + text + "'; known: logits, and topk:1 to topk:"
          + Teacher.MOST_IDS);
    }
  }

  @Option(names = "--teacher", paramLabel = "FORM", converter = Words.class, defaultValue = "logits",
      description = "What the students learn from: the teacher's logits, or topk:K, its K most probable words of each"
          + " row, written to a file in --out and read from there (default: ${DEFAULT-VALUE}).")
  private int k;

  @Option(names = "--tail", paramLabel = "TAIL", converter = TeacherOptions.TailName.class,
      description = "What all other words mean with topk:K: truncate, renormalise-teacher, renormalise-both or bucket"
          + " (default: bucket, one more word with the rest of the mass).")
  private @Nullable Tail tail;

  /** Returns the plan of the lists; null if the students learn from logits. */
  @Nullable TopKPlan plan(Path folder) {
    if (k == 0 && tail != null) {
      throw new IllegalArgumentException("--tail is " + tail.label() + ", but --teacher is logits, which leave no word"
          + " out; use it with --teacher topk:64");
    }
    return k == 0 ? null : new TopKPlan(k, meaning(), folder);
  }

  /** Computes one row, so that an unsupported loss is refused before the training of the teacher. */
  void requireComputable(LossEngine engine, DistillationLoss loss) {
    HostMatrix logits = HostMatrix.of(new float[2], 1, 2);
    Teacher teacher = k == 0 ? Teacher.logits(logits) : engine.topK(logits, 1, loss.temperature()).teacher(meaning());
    engine.forward(loss, LossInputs.of(logits).withTeacher(teacher).withLabels(RowVector.labels(0))).totals();
  }

  private Tail meaning() {
    return tail == null ? Tail.BUCKET : tail;
  }
}
