package dev.temper;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The loss, the shapes and the optional inputs of a call, without the memory of its tensors. A backward call reads the
 * row statistics of a forward call with the same identity.
 *
 * @param properties value of each property, by its name in messages
 */
record CallIdentity(Map<String, Object> properties) {

  static CallIdentity of(DistillationLoss loss, LossInputs inputs) {
    Map<String, Object> properties = new LinkedHashMap<>(loss.options());
    properties.put("student", shape(inputs.student()));
    if (loss.softWeight() > 0) {
      properties.put("teacher", inputs.teacher() == null ? "absent" : describe(inputs.teacher()));
    }
    properties.put("labels", presence(inputs.labels()));
    properties.put("rowWeights", presence(inputs.rowWeights()));
    properties.put("rowTemperatures", presence(inputs.rowTemperatures()));
    return new CallIdentity(properties);
  }

  /** Returns the name of the first property that another call has with another value. */
  String differenceFrom(CallIdentity other) {
    return properties.keySet().stream()
        .filter(name -> !Objects.equals(properties.get(name), other.properties.get(name))).findFirst().orElseThrow();
  }

  private static String describe(Teacher teacher) {
    return switch (teacher) {
      case Teacher.Logits logits -> shape(logits.matrix());
      case Teacher.LogProbabilities dense -> teacher.label() + " " + shape(dense.matrix());
      case Teacher.Probabilities dense -> teacher.label() + " " + shape(dense.matrix());
      case Teacher.Hidden hidden -> teacher.label() + " " + shape(hidden.states()) + " " + hidden.head();
      case Teacher.RowIndex selected -> teacher.label() + " " + shape(selected.logits());
      case Teacher.ClassMap mapped -> teacher.label() + " " + shape(mapped.logits());
      case Teacher.Mixture mixture -> teacher.label() + " " + mixture.weights() + " "
          + mixture.logits().stream().map(CallIdentity::shape).toList();
      case Teacher.Sampled sampled -> teacher.label() + " " + shape(sampled.weights());
      case TopKTeacher lists -> teacher.label() + " " + shape(lists.logProbabilities())
          + (lists.logTail() == null ? "" : " with teacher_log_tail") + " " + lists.temperature();
    };
  }

  private static String shape(MatrixView matrix) {
    return "[" + matrix.rows() + ", " + matrix.classes() + "] " + matrix.dtype();
  }

  private static String presence(@Nullable RowVector vector) {
    return vector == null ? "absent" : "given";
  }
}
