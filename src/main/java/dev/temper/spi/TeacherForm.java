package dev.temper.spi;

import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import org.jspecify.annotations.Nullable;

/** The kind of values in a row of a teacher: {@code temper::TeacherForm} of {@code kernels/parameters.h}. */
public enum TeacherForm {
  /** Logits of the student's classes, of the same or of a selected row, or lists of classes; or there is no teacher. */
  LOGITS(0),
  /** Log-probabilities. */
  LOG_PROBABILITIES(1),
  /** Probabilities. */
  PROBABILITIES(2),
  /** Logits of several teachers. */
  MIXTURE(3),
  /** Logits of other classes, from which a map selects. */
  CLASS_MAP(4);

  private final int code;

  TeacherForm(int code) {
    this.code = code;
  }

  /** Returns the number in C++. */
  public int code() {
    return code;
  }

  /** Returns the form of a teacher. */
  public static TeacherForm of(@Nullable Teacher teacher) {
    return switch (teacher) {
      case null -> LOGITS;
      case Teacher.Logits _, Teacher.Hidden _, Teacher.RowIndex _, Teacher.Sampled _, TopKTeacher _ -> LOGITS;
      case Teacher.LogProbabilities _ -> LOG_PROBABILITIES;
      case Teacher.Probabilities _ -> PROBABILITIES;
      case Teacher.Mixture _ -> MIXTURE;
      case Teacher.ClassMap _ -> CLASS_MAP;
    };
  }

  /** Returns whether the loss compares the student with log-probabilities that are at its temperature. */
  public boolean isAtTemperature() {
    return this == LOG_PROBABILITIES || this == PROBABILITIES || this == MIXTURE;
  }
}
