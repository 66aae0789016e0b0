package dev.temper.tools.cli;

import dev.temper.Tail;
import dev.temper.tools.files.PlainNumber;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Options of {@code temper loss} for the kind of the teacher's values. */
final class TeacherOptions {

  /** Kind of the values in the tensor {@code teacher}. */
  enum Form {
    LOGITS,
    LOG_PROBS,
    PROBS;

    String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** Reads a {@link Form}. */
  static final class FormName implements ITypeConverter<Form> {
    @Override
    public Form convert(String text) {
      return LossOptions.choose("form", text, Form.values(), Form::label);
    }
  }

  /** Reads a {@link Tail}. */
  static final class TailName implements ITypeConverter<Tail> {
    @Override
    public Tail convert(String text) {
      return LossOptions.choose("tail", text, Tail.values(), Tail::label);
    }
  }

  @Option(names = "--teacher-form", paramLabel = "FORM", converter = FormName.class, defaultValue = "logits",
      description = "What teacher holds: logits, or log-probs or probs at the temperature of the loss (default:"
          + " ${DEFAULT-VALUE}).")
  Form form = Form.LOGITS;

  @Option(names = "--teacher", paramLabel = "FILE",
      description = "File of temper topk, in place of a teacher in the input; needs --tail.")
  @Nullable Path file;

  @Option(names = "--tail", paramLabel = "TAIL", converter = TailName.class,
      description = "What the classes without a slot mean, for a teacher given by teacher_ids and teacher_log_probs"
          + " [rows, k]: truncate, renormalise-teacher, renormalise-both or bucket. The first two are for forward-kl,"
          + " the others also for reverse-kl and jsd.")
  @Nullable Tail tail;

  @Option(names = "--log-probs-at", paramLabel = "T0",
      description = "Temperature of teacher_log_probs (default: that of the loss).")
  @Nullable Double logProbsAt;

  @Option(names = "--teacher-weights", paramLabel = "W", split = ",",
      description = "Weights of several teachers teacher.0, teacher.1 ... with commas; they sum to 1.")
  List<Double> weights = List.of();

  /** Refuses the options that a teacher given by one of the tensors does not have; they would have no effect. */
  void requireUsed(TeacherSource source) {
    if (form != Form.LOGITS && source != TeacherSource.MATRIX) {
      throw unused("--teacher-form", form.label(), source, "the tensor teacher");
    }
    if (tail != null && source != TeacherSource.LISTS && source != TeacherSource.FILE) {
      throw unused("--tail", tail.label(), source, "the tensors teacher_ids and teacher_log_probs, or --teacher FILE");
    }
    if (logProbsAt != null && source != TeacherSource.LISTS) {
      throw unused("--log-probs-at", PlainNumber.of(logProbsAt), source,
          "the tensors teacher_ids and teacher_log_probs");
    }
    if (!weights.isEmpty() && source != TeacherSource.MIXTURE) {
      throw unused("--teacher-weights", weights.stream().map(PlainNumber::of).collect(Collectors.joining(",")), source,
          "the tensors teacher.0, teacher.1 and so on");
    }
  }

  private static IllegalArgumentException unused(String option, String value, TeacherSource source, String needed) {
    return new IllegalArgumentException(option + " is " + value + ", but the teacher is given by " + source.names()
        + "; use it with " + needed + ", or leave it out");
  }

  /** Returns the meaning of the rest, which a teacher with lists needs. */
  Tail tail() {
    if (tail == null) {
      throw new IllegalArgumentException("--tail is missing, but the teacher is given by lists of classes; choose"
          + " truncate, renormalise-teacher, renormalise-both or bucket");
    }
    return tail;
  }
}
