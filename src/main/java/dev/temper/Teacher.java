package dev.temper;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The model whose distribution the soft part of a loss compares with the student's. The kind of the values is part of
 * the type: probabilities that are read as logits give a loss that looks plausible and is wrong.
 *
 * {@snippet :
 * LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(teacher));
 * }
 */
public sealed interface Teacher permits Teacher.Logits, Teacher.LogProbabilities, Teacher.Probabilities,
    Teacher.Mixture, Teacher.Hidden, Teacher.RowIndex, Teacher.ClassMap, Teacher.Sampled, TopKTeacher {

  /** The number of teachers that a mixture may have. */
  int MOST_MIXED = 8;

  /** The number of ids that a row of a list may have. */
  int MOST_IDS = 256;

  /** Number of rows, as many as the student's. */
  long rows();

  /** Kind of the teacher in messages, such as {@code logits} or {@code top-k truncate}. */
  String label();

  /**
   * Returns a teacher with logits {@code u}, so that {@code p = softmax(u / T)}. Log-probabilities at temperature 1 are
   * logits too, since {@code softmax(l / T)} gives their distribution at any temperature. Probabilities are not: their
   * softmax is nearly uniform. A warning is logged through {@link System.Logger}, once in a process, if the first row
   * of the first such teacher in host memory looks like probabilities.
   *
   * @param logits [rows, classes] F32, BF16 or F16; the dtype, the row stride and the padding may differ from the
   *     student's
   */
  static Logits logits(MatrixView logits) {
    return new Logits(logits);
  }

  /**
   * Returns a teacher with log-probabilities that are already at the temperature of the loss.
   *
   * @param matrix [rows, classes] F32, BF16 or F16; the probabilities of each row sum to 1
   */
  static LogProbabilities logProbabilities(MatrixView matrix) {
    return new LogProbabilities(matrix);
  }

  /**
   * Returns a teacher with probabilities that are already at the temperature of the loss.
   *
   * @param matrix [rows, classes] F32, BF16 or F16, each from 0 to 1; each row sums to 1
   */
  static Probabilities probabilities(MatrixView matrix) {
    return new Probabilities(matrix);
  }

  /**
   * Returns a mixture of teachers, whose {@code p} is the weighted sum of their distributions. A teacher of weight 0 is
   * not read.
   *
   * @param logits logits of each teacher, [rows, classes]; 2 to {@value #MOST_MIXED} of them
   * @param weights weight of each teacher, 0 or more, with the sum 1
   * @throws LossArgumentException if the number of teachers or a weight does not fit
   */
  static Mixture mixture(List<? extends MatrixView> logits, double... weights) {
    return new Mixture(List.copyOf(logits), Arrays.stream(weights).boxed().toList());
  }

  /**
   * Returns a teacher with hidden states and the head that computes its logits from them. The student must be given by
   * {@link LossInputs#hidden}; the number of features and the dtype may differ from the student's.
   *
   * @param hidden hidden states, [rows, features of the teacher] in the dtype of the head; the row stride is not 0
   *     unless there is one row only
   * @param head makes logits {@code u} of [rows, classes]
   */
  static Hidden hidden(MatrixView hidden, LinearHead head) {
    return new Hidden(hidden, head);
  }

  /**
   * Returns a teacher with selected rows. Several rows of the student may share a row of the teacher.
   *
   * @param logits logits of the teacher, [rows of the teacher, classes]
   * @param index [rows of the student] I32: the teacher's row of each row of the student; -1 on ignored rows only
   */
  static RowIndex rowIndex(MatrixView logits, RowVector index) {
    return new RowIndex(logits, index);
  }

  /**
   * Returns a teacher with other classes than the student. {@code p} is the softmax over the mapped columns alone,
   * which is the usual target of a draft model with a smaller vocabulary.
   *
   * @param logits logits of the teacher, [rows, columns]
   * @param map [classes of the student] I32: the teacher's column of each class, no column twice; -1 for a class that
   *     the teacher lacks
   */
  static ClassMap classMap(MatrixView logits, RowVector map) {
    return new ClassMap(logits, map);
  }

  /**
   * Returns a teacher with the log-probabilities of some classes of each row. They are at the temperature of the loss,
   * unless {@link TopKTeacher#atTemperature} gives another one. The classes may be the most probable ones of the
   * teacher or of the student.
   *
   * @param ids [rows, k] classes, none of them twice in a row; -1 marks an unused slot at any place
   * @param logProbabilities [rows, k] F32, BF16 or F16; values in unused slots have no meaning
   * @param tail what the classes without a slot mean
   * @throws LossArgumentException if the shapes differ
   */
  static TopKTeacher topK(IdMatrix ids, MatrixView logProbabilities, Tail tail) {
    return TopKTeacher.of(ids, logProbabilities, tail);
  }

  /**
   * Returns a teacher with classes that were sampled from it, and weights in the place of probabilities. The loss is
   * that of {@link Tail#TRUNCATE}. The caller merges repeated samples of one class.
   *
   * @param ids [rows, k] classes, none of them twice in a row; -1 marks an unused slot at any place
   * @param weights [rows, k] F32, BF16 or F16, 0 or more; they may have any sum
   * @throws LossArgumentException if the shapes differ
   */
  static Sampled sampled(IdMatrix ids, MatrixView weights) {
    return new Sampled(ids, weights);
  }

  /** The logits of the teacher, one for each row and class; see {@link Teacher#logits}. */
  record Logits(MatrixView matrix) implements Teacher {
    /** Checks that the logits are given. */
    public Logits {
      Objects.requireNonNull(matrix, "the teacher's logits are null, expected a matrix");
    }

    @Override
    public long rows() {
      return matrix.rows();
    }

    @Override
    public String label() {
      return "logits";
    }

    @Override
    public String toString() {
      return "logits " + matrix;
    }
  }

  /** Log-probabilities of the teacher; see {@link Teacher#logProbabilities}. */
  record LogProbabilities(MatrixView matrix) implements Teacher {
    @Override
    public long rows() {
      return matrix.rows();
    }

    @Override
    public String label() {
      return "log-probabilities";
    }
  }

  /** Probabilities of the teacher; see {@link Teacher#probabilities}. */
  record Probabilities(MatrixView matrix) implements Teacher {
    @Override
    public long rows() {
      return matrix.rows();
    }

    @Override
    public String label() {
      return "probabilities";
    }
  }

  /** Several teachers; see {@link Teacher#mixture}. */
  record Mixture(List<MatrixView> logits, List<Double> weights) implements Teacher {
    /** Checks the number of teachers and their weights. */
    public Mixture {
      logits = List.copyOf(logits);
      weights = List.copyOf(weights);
      TeacherShapes.checkMixture(logits, weights);
    }

    @Override
    public long rows() {
      return logits.getFirst().rows();
    }

    @Override
    public String label() {
      return "mixture";
    }
  }

  /** Hidden states and a head; see {@link Teacher#hidden}. */
  record Hidden(MatrixView states, LinearHead head) implements Teacher {
    /** Checks that both are given. */
    public Hidden {
      Objects.requireNonNull(states, "the hidden states of the teacher are null, expected a matrix");
      Objects.requireNonNull(head, "the head of the teacher is null, expected a head");
    }

    @Override
    public long rows() {
      return states.rows();
    }

    @Override
    public String label() {
      return "hidden";
    }
  }

  /** Selected rows of a teacher; see {@link Teacher#rowIndex}. */
  record RowIndex(MatrixView logits, RowVector index) implements Teacher {
    /** Checks the dtype of the index. */
    public RowIndex {
      TeacherShapes.requireI32("teacher_row_index", index);
    }

    @Override
    public long rows() {
      return index.length();
    }

    @Override
    public String label() {
      return "row-index";
    }
  }

  /** A teacher with other classes; see {@link Teacher#classMap}. */
  record ClassMap(MatrixView logits, RowVector map) implements Teacher {
    /** Checks the dtype of the map. */
    public ClassMap {
      TeacherShapes.requireI32("class_map", map);
    }

    @Override
    public long rows() {
      return logits.rows();
    }

    @Override
    public String label() {
      return "class-map";
    }
  }

  /** Sampled classes; see {@link Teacher#sampled}. */
  record Sampled(IdMatrix ids, MatrixView weights) implements Teacher {
    /** Checks the shapes. */
    public Sampled {
      TeacherShapes.checkLists(ids, "teacher_sample_weights", weights);
    }

    @Override
    public long rows() {
      return ids.rows();
    }

    @Override
    public String label() {
      return "sampled";
    }
  }
}
