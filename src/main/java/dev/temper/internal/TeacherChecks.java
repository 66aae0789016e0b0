package dev.temper.internal;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossOption;
import dev.temper.MatrixView;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;

/** Checks a teacher against the loss and the student: shapes, and options that exclude each other. */
final class TeacherChecks {

  private TeacherChecks() {}

  /** Returns whether the teacher is given by one row of logits for each row of the student. */
  static boolean isLogits(Teacher teacher) {
    return teacher instanceof Teacher.Logits || teacher instanceof Teacher.Hidden
        || teacher instanceof Teacher.RowIndex || teacher instanceof Teacher.ClassMap;
  }

  static void check(DistillationLoss loss, LossInputs inputs, Teacher teacher) {
    checkShapes(loss, inputs, teacher);
    checkDivergence(loss.divergence(), teacher);
    if (!isLogits(teacher) && !(teacher instanceof Teacher.Mixture)) {
      checkTempered(loss, inputs, teacher);
    }
  }

  private static void checkShapes(DistillationLoss loss, LossInputs inputs, Teacher teacher) {
    long rows = inputs.student().rows();
    int student = HeadChecks.width(inputs);
    if (teacher.rows() != rows) {
      String shape = teacher instanceof Teacher.Logits logits ? logits.matrix().describe() : teacher.toString();
      throw new IllegalArgumentException("teacher has " + teacher.rows() + " rows, expected the student's "
          + rows + "; teacher is " + shape + ", student is " + HeadChecks.describe(inputs));
    }
    switch (teacher) {
      case Teacher.Logits dense -> requireWidth(loss, student, "teacher", dense.matrix().classes());
      case Teacher.LogProbabilities dense -> requireWidth(loss, student, "teacher", dense.matrix().classes());
      case Teacher.Probabilities dense -> requireWidth(loss, student, "teacher", dense.matrix().classes());
      case Teacher.RowIndex selected -> requireWidth(loss, student, "teacher", selected.logits().classes());
      case Teacher.Hidden hidden -> {
        HeadChecks.checkTeacher(inputs, hidden);
        requireWidth(loss, student, "the head of the teacher", hidden.head().classes());
      }
      case Teacher.Mixture mixture -> {
        for (int m = 0; m < mixture.logits().size(); m++) {
          MatrixView member = mixture.logits().get(m);
          if (member.rows() != rows) {
            throw new LossArgumentException("teacher.", m, " has ", member.rows(), " rows, expected the student's ",
                rows);
          }
          requireWidth(loss, student, "teacher." + m, member.classes());
        }
      }
      case Teacher.ClassMap mapped -> {
        int classes = loss.numClasses().orElse(student);
        if (mapped.map().length() != classes && mapped.map().length() != student) {
          throw new LossArgumentException("class_map has ", mapped.map().length(),
              " values, expected one for each of the student's ", classes, " classes");
        }
      }
      case Teacher.Sampled _ -> { }
      case TopKTeacher lists -> {
        int classes = loss.numClasses().orElse(student);
        if (lists.classes().isPresent() && lists.classes().getAsInt() != classes) {
          throw new LossArgumentException("the lists of the teacher were made from ", lists.classes().getAsInt(),
              " classes, but the student has ", classes, "; set ", LossOption.NUM_CLASSES,
              " to their number, or give lists of this vocabulary");
        }
      }
    }
  }

  private static void requireWidth(DistillationLoss loss, int student, String name, int teacher) {
    LossChecks.requireWide(name, teacher, loss.numClasses());
    if (loss.numClasses().isEmpty() && teacher != student) {
      throw new LossArgumentException("student has ", student, " classes and ", name, " ", teacher,
          "; if they are one vocabulary padded differently, set ", LossOption.NUM_CLASSES,
          " to its real size (at most ", Math.min(student, teacher), ")");
    }
  }

  private static void checkDivergence(Divergence divergence, Teacher teacher) {
    String reason = switch (teacher) {
      case Teacher.Logits _, Teacher.Hidden _, Teacher.RowIndex _ -> "";
      case Teacher.LogProbabilities _, Teacher.Probabilities _, Teacher.ClassMap _ ->
          divergence instanceof Divergence.LogitMse ? "because logit-mse compares the logits of all classes" : "";
      case Teacher.Mixture _ -> divergence instanceof Divergence.LogitMse || divergence instanceof Divergence.Dkd
          ? "because a mixture of distributions has no logits" : "";
      case Teacher.Sampled _ -> reason(Tail.TRUNCATE, divergence);
      case TopKTeacher lists -> reason(lists.tail(), divergence);
    };
    if (!reason.isEmpty()) {
      throw new LossArgumentException(LossOption.DIVERGENCE, " ", divergence.label(), " and teacher ", teacher.label(),
          " exclude each other, ", reason, "; use another ", LossOption.DIVERGENCE, " or another teacher");
    }
  }

  private static String reason(Tail tail, Divergence divergence) {
    if (tail.allows(divergence)) {
      return "";
    }
    return tail == Tail.TRUNCATE || tail == Tail.RENORMALISE_TEACHER
        ? "because only forward-kl is known without the rest of the teacher"
        : "because only forward-kl, reverse-kl and jsd are known for lists";
  }

  /** Checks the options that need logits: the values of this teacher are already at a temperature. */
  private static void checkTempered(DistillationLoss loss, LossInputs inputs, Teacher teacher) {
    if (loss.standardise()) {
      throw excluded(LossOption.STANDARDISE, "", teacher, "because only logits can be standardised");
    }
    if (loss.teacherSoftcap().isPresent()) {
      throw excluded(LossOption.TEACHER_SOFTCAP, " " + loss.teacherSoftcap().getAsDouble(), teacher,
          "because only logits can be capped");
    }
    if (teacher instanceof TopKTeacher lists && lists.temperature().isPresent()) {
      checkTemperature(loss, inputs, lists, lists.temperature().getAsDouble());
    } else if (loss.teacherTemperature().isPresent()) {
      throw excluded(LossOption.TEACHER_TEMPERATURE, " " + loss.teacherTemperature().getAsDouble(), teacher,
          "because its values are already at a temperature");
    }
  }

  private static void checkTemperature(DistillationLoss loss, LossInputs inputs, TopKTeacher lists, double given) {
    if (lists.tail() == Tail.RENORMALISE_TEACHER || lists.tail() == Tail.RENORMALISE_BOTH) {
      return;
    }
    double expected = loss.teacherTemperature().orElse(loss.temperature());
    if (inputs.rowTemperatures() != null) {
      throw new LossArgumentException("teacher ", lists.label(), " has log-probabilities at temperature ", given,
          ", which excludes row_temperatures, because the normaliser at another temperature is not known; use a"
          + " renormalised meaning of the rest, or leave the row temperatures out");
    }
    if (given != expected) {
      throw new LossArgumentException("teacher ", lists.label(), " has log-probabilities at temperature ", given,
          ", but the loss has ", loss.teacherTemperature().isPresent() ? LossOption.TEACHER_TEMPERATURE
          : LossOption.TEMPERATURE, " ", expected, ", whose normaliser is not known; make lists at that temperature, or"
          + " use renormalise-teacher or renormalise-both");
    }
  }

  private static LossArgumentException excluded(LossOption option, String value, Teacher teacher, String reason) {
    return new LossArgumentException(option, value, " and teacher ", teacher.label(), " exclude each other, ", reason,
        "; leave one of them out");
  }
}
