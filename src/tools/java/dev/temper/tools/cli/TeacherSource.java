package dev.temper.tools.cli;

/** How the teacher of a batch is given, and the words for it in messages. */
enum TeacherSource {
  MATRIX("the tensor teacher"),
  LISTS("teacher_ids and teacher_log_probs"),
  SAMPLES("teacher_ids and teacher_sample_weights"),
  MIXTURE("teacher.0, teacher.1 and so on"),
  HIDDEN("teacher_hidden and teacher_weight"),
  FILE("the file of --teacher");

  private final String names;

  TeacherSource(String names) {
    this.names = names;
  }

  String names() {
    return names;
  }
}
